using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Data;
using FedPlatform.Data.Queries;
using FedPlatform.Data.Runs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Scheduling;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Runs;

/// <summary>Runs for the current actor. Every read starts from the actor's team: another team's run is not found.</summary>
public sealed class RunService(
    ICurrentActor actors,
    IDbContextFactory<PlatformContext> contexts,
    DatabaseWriter writer,
    RunCreationService creation,
    RunArtifacts artifacts,
    IRunQueue queue,
    IRunOrders orders) : IRunService
{
    /// <summary>Rounds that a client's history shows at most; long runs are thinned out evenly.</summary>
    private const int HistoryRounds = 300;

    public async Task<RunPage> List(RunFilter filter, CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (rows, total) = await db.ListRuns(
            new RunListQuery(actor.TeamId, filter.Search, filter.State, filter.Algorithm, filter.Dataset, filter.Sort, filter.Skip, filter.Take), cancellationToken);
        var places = await db.QueuePositions(cancellationToken);
        return new RunPage([.. rows.Select(r => r.Row(places))], total);
    }

    public async Task<RunDetail?> Find(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await Mine(db, id, cancellationToken) is not { } run)
        {
            return null;
        }

        var places = run.State == RunState.Queued ? await db.QueuePositions(cancellationToken) : new Dictionary<Guid, int>();
        return new RunDetail
        {
            Row = run.Row(places),
            Spec = run.Spec(),
            Sequence = run.LastSequence,
            Parent = run.ParentId,
            Attempts = run.Attempts,
        };
    }

    public async Task<IReadOnlyList<RoundReport>?> Rounds(Guid id, int after, RoundContent content, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await Mine(db, id, cancellationToken) is null)
        {
            return null;
        }

        return content == RoundContent.Full
            ? await db.FullRounds(id, after, cancellationToken)
            : await db.Curves(id, after, cancellationToken);
    }

    public async Task<RoundReport?> LastEvaluated(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Mine(db, id, cancellationToken) is null ? null : await db.LastEvaluated(id, cancellationToken);
    }

    public async Task<PartitionReport?> Partition(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await Mine(db, id, cancellationToken) is null)
        {
            return null;
        }

        var packed = await db.Partitions.AsNoTracking().Where(p => p.RunId == id).Select(p => p.Report).FirstOrDefaultAsync(cancellationToken);
        return packed is null ? null : PackedReport.Unpack<PartitionReport>(packed);
    }

    public async Task<ClientHistory?> Client(Guid id, int clientId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await Mine(db, id, cancellationToken) is not { } run || clientId < 0 || clientId >= run.Clients)
        {
            return null;
        }

        var numbers = await db.Rounds.AsNoTracking().Where(r => r.RunId == id).OrderBy(r => r.Round).Select(r => r.Round).ToListAsync(cancellationToken);
        var stride = Math.Max(1, (int)Math.Ceiling(numbers.Count / (double)HistoryRounds));
        var chosen = numbers.Where((n, i) => i % stride == 0 || i == numbers.Count - 1).ToArray();
        var packed = await db.Rounds.AsNoTracking().Where(r => r.RunId == id && chosen.Contains(r.Round)).OrderBy(r => r.Round)
            .Select(r => r.Report).ToListAsync(cancellationToken);
        return ClientHistories.Of(clientId, [.. packed.Select(PackedReport.Unpack<RoundReport>)]);
    }

    public async Task<IReadOnlyList<LogLine>?> Log(Guid id, int lines, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Mine(db, id, cancellationToken) is null ? null : await db.LogTail(id, Math.Clamp(lines, 1, 10_000), cancellationToken);
    }

    public async Task<IReadOnlyList<Artifact>?> Artifacts(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Mine(db, id, cancellationToken) is { } run ? await artifacts.List(db, run, cancellationToken) : null;
    }

    public async Task<ArtifactContent?> OpenArtifact(Guid runId, string artifactId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Mine(db, runId, cancellationToken) is { } run ? await artifacts.Open(db, run, artifactId, cancellationToken) : null;
    }

    public async Task<RunCreation> Create(RunSpec spec, Guid? parent, CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        if (!actor.MayRun)
        {
            return new RunCreation(null, [new SpecProblem("", null, $"Your role in {actor.TeamName} is {actor.Role}: only members may start runs.")]);
        }

        if (parent is { } origin)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            if (!await db.RunsOf(actor.TeamId).AnyAsync(r => r.Id == origin, cancellationToken))
            {
                return new RunCreation(null, [new SpecProblem("parent", origin.ToString(), "There is no such run to clone.")]);
            }
        }

        return await creation.Create(spec, actor.TeamId, actor.UserId, actor.Name, parent, cancellationToken);
    }

    public async Task<CommandOutcome> Command(Guid id, RunCommand command, CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        var trigger = command switch
        {
            RunCommand.Stop => RunTrigger.Stop,
            RunCommand.Pause => RunTrigger.Pause,
            RunCommand.Resume => RunTrigger.Resume,
            RunCommand.Retry => RunTrigger.Retry,
            _ => throw new ArgumentOutOfRangeException(nameof(command)),
        };
        var (outcome, run) = await writer.Write<(CommandOutcome, RunRecord?)>(
            async scope =>
            {
                var run = await scope.Db.Runs.FirstOrDefaultAsync(r => r.Id == id && r.TeamId == actor.TeamId);
                if (run is null)
                {
                    return (CommandOutcome.NotFound, null);
                }

                if (!actor.MayRun)
                {
                    return (new(CommandResult.Refused, $"Your role in {actor.TeamName} is {actor.Role}: only members may do that."), null);
                }

                var transition = scope.Apply(run, trigger);
                if (!transition.Allowed)
                {
                    return (new(CommandResult.Refused, transition.Refusal), null);
                }

                if (trigger is RunTrigger.Resume or RunTrigger.Retry)
                {
                    (run.DueAt, run.FailuresInARow) = (scope.Now, 0);
                }

                return (CommandOutcome.Done, run);
            },
            cancellationToken);

        if (run is not null)
        {
            await Follow(run);
        }

        return outcome;
    }

    /// <summary>What a command's new state asks of the queue and of the process. Not cancelled: the state is already durable.</summary>
    private async Task Follow(RunRecord run)
    {
        if (run.State == RunState.Queued)
        {
            await queue.Enqueue(new QueuedRun(run.Id, run.LeaseEpoch, run.Device, run.DueAt), CancellationToken.None);
        }
        else if (run.State.IsActive())
        {
            await orders.Send(run.Id, RunLeases.OrderOf(run.State));
        }
        else
        {
            await queue.Remove(run.Id, CancellationToken.None);
        }
    }

    private async Task<RunRecord?> Mine(PlatformContext db, Guid id, CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        return await db.RunsOf(actor.TeamId).FirstOrDefaultAsync(r => r.Id == id, cancellationToken);
    }
}
