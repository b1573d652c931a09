using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Data.Queries;

/// <summary>Filter, order and window of a team's run list.</summary>
public sealed record RunListQuery(Guid TeamId, string? Search, RunState? State, string? Algorithm, string? Dataset, string Sort, int Skip, int Take);

/// <summary>Reads about runs: nothing tracked, only what is asked for.</summary>
public static class RunQueries
{
    public static IQueryable<RunRecord> RunsOf(this PlatformContext db, Guid teamId) =>
        db.Runs.AsNoTracking().Where(r => r.TeamId == teamId);

    public static async Task<(IReadOnlyList<RunRecord> Rows, int Total)> ListRuns(this PlatformContext db, RunListQuery query, CancellationToken cancellationToken)
    {
        var runs = db.RunsOf(query.TeamId);
        if (!string.IsNullOrWhiteSpace(query.Search))
        {
            var pattern = "%" + query.Search.Trim().Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%";
            runs = runs.Where(r => EF.Functions.Like(r.Name, pattern, "\\"));
        }

        if (query.State is { } state)
        {
            runs = runs.Where(r => r.State == state);
        }

        if (!string.IsNullOrEmpty(query.Algorithm))
        {
            runs = runs.Where(r => r.Algorithm == query.Algorithm);
        }

        if (!string.IsNullOrEmpty(query.Dataset))
        {
            runs = runs.Where(r => r.Dataset == query.Dataset);
        }

        var total = await runs.CountAsync(cancellationToken);
        var rows = await Ordered(runs, query.Sort).Skip(Math.Max(query.Skip, 0)).Take(Math.Clamp(query.Take, 0, 500)).ToListAsync(cancellationToken);
        return (rows, total);
    }

    private static IQueryable<RunRecord> Ordered(IQueryable<RunRecord> runs, string sort)
    {
        var down = sort.StartsWith('-');
        var ordered = sort.TrimStart('-') switch
        {
            "name" => down ? runs.OrderByDescending(r => r.Name) : runs.OrderBy(r => r.Name),
            "state" => down ? runs.OrderByDescending(r => r.State) : runs.OrderBy(r => r.State),
            "gm" => down ? runs.OrderByDescending(r => r.Gm.Last) : runs.OrderBy(r => r.Gm.Last),
            "pm" => down ? runs.OrderByDescending(r => r.Pm.Last) : runs.OrderBy(r => r.Pm.Last),
            "tail" => down ? runs.OrderByDescending(r => r.Tail) : runs.OrderBy(r => r.Tail),
            "round" => down ? runs.OrderByDescending(r => r.CurrentRound) : runs.OrderBy(r => r.CurrentRound),
            _ => down ? runs.OrderByDescending(r => r.CreatedAt) : runs.OrderBy(r => r.CreatedAt),
        };
        return ordered.ThenBy(r => r.Id);
    }

    /// <summary>Queued runs of every team, the next one first.</summary>
    public static IQueryable<RunRecord> Queue(this PlatformContext db) =>
        db.Runs.AsNoTracking().Where(r => r.State == RunState.Queued).OrderBy(r => r.DueAt).ThenBy(r => r.CreatedAt).ThenBy(r => r.Id);

    /// <summary>1-based place of every queued run among those of its device.</summary>
    public static async Task<IReadOnlyDictionary<Guid, int>> QueuePositions(this PlatformContext db, CancellationToken cancellationToken)
    {
        var queue = await db.Queue().Select(r => new { r.Id, r.Device }).ToListAsync(cancellationToken);
        return queue.GroupBy(r => r.Device).SelectMany(g => g.Select((r, i) => (r.Id, Place: i + 1))).ToDictionary(r => r.Id, r => r.Place);
    }

    /// <summary>The curves' numbers of the rounds above <paramref name="after"/>, ascending; no blob is read.</summary>
    public static async Task<IReadOnlyList<RoundReport>> Curves(this PlatformContext db, Guid runId, int after, CancellationToken cancellationToken)
    {
        var rows = await db.Rounds.AsNoTracking().Where(r => r.RunId == runId && r.Round > after).OrderBy(r => r.Round)
            .Select(r => new { r.Round, r.Gm, r.GmClassifier, r.GmAuxiliary, r.Pm, r.PmStd, r.PmWorst, r.Loss, r.Head, r.Medium, r.Tail, r.Seconds, r.Evaluated })
            .ToListAsync(cancellationToken);
        return [.. rows.Select(r => new RoundReport
        {
            Round = r.Round,
            Gm = r.Gm,
            GmClassifier = r.GmClassifier,
            GmAuxiliary = r.GmAuxiliary,
            Pm = r.Pm,
            PmStd = r.PmStd,
            PmWorst = r.PmWorst,
            Loss = r.Loss,
            Groups = r.Evaluated ? new GroupAccuracy { Head = r.Head, Medium = r.Medium, Tail = r.Tail } : null,
            Seconds = r.Seconds,
        })];
    }

    public static async Task<IReadOnlyList<RoundReport>> FullRounds(this PlatformContext db, Guid runId, int after, CancellationToken cancellationToken)
    {
        var packed = await db.Rounds.AsNoTracking().Where(r => r.RunId == runId && r.Round > after).OrderBy(r => r.Round)
            .Select(r => r.Report).ToListAsync(cancellationToken);
        return [.. packed.Select(PackedReport.Unpack<RoundReport>)];
    }

    public static async Task<RoundReport?> LastEvaluated(this PlatformContext db, Guid runId, CancellationToken cancellationToken)
    {
        var packed = await db.Rounds.AsNoTracking().Where(r => r.RunId == runId && r.Evaluated).OrderByDescending(r => r.Round)
            .Select(r => r.Report).FirstOrDefaultAsync(cancellationToken);
        return packed is null ? null : PackedReport.Unpack<RoundReport>(packed);
    }

    /// <summary>Stored events with a sequence in (after, upTo], ascending, at most <paramref name="take"/>.</summary>
    public static async Task<IReadOnlyList<RunEvent>> StoredEvents(this PlatformContext db, Guid runId, long after, long upTo, int take, CancellationToken cancellationToken)
    {
        var rows = await (
            from e in db.Events.AsNoTracking()
            where e.RunId == runId && e.Sequence > after && e.Sequence <= upTo
            join r in db.Rounds.AsNoTracking() on new { e.RunId, Round = e.Round ?? 0 } equals new { r.RunId, r.Round } into rounds
            from r in rounds.DefaultIfEmpty()
            orderby e.Sequence
            select new { Event = e, Report = r == null ? null : r.Report }).Take(take).ToListAsync(cancellationToken);
        return [.. rows.Select(row => StoredEvent.Read(row.Event, row.Report))];
    }

    /// <summary>The last log lines, oldest first.</summary>
    public static async Task<IReadOnlyList<LogLine>> LogTail(this PlatformContext db, Guid runId, int lines, CancellationToken cancellationToken)
    {
        var payloads = await db.Events.AsNoTracking().Where(e => e.RunId == runId && e.Kind == RunEventKind.Log)
            .OrderByDescending(e => e.Sequence).Take(lines).Select(e => e.Payload!).ToListAsync(cancellationToken);
        payloads.Reverse();
        return [.. payloads.Select(StoredEvent.ReadLog)];
    }

    /// <summary>Artifacts' files that are kept, by round.</summary>
    public static async Task<IReadOnlyList<CheckpointRecord>> CheckpointsOf(this PlatformContext db, Guid runId, CancellationToken cancellationToken) =>
        await db.Checkpoints.AsNoTracking().Where(c => c.RunId == runId).OrderBy(c => c.Round).ToListAsync(cancellationToken);
}
