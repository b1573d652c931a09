using System.Security.Cryptography;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Queries;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Runs;

public enum CommitResult
{
    Committed,

    /// <summary>This very commit was made before.</summary>
    Repeated,

    /// <summary>The run is another process's, or further on.</summary>
    Fenced,

    /// <summary>The commit does not hold: no such checkpoint file, a number that is not finite.</summary>
    Refused,
}

public sealed record CommitOutcome(CommitResult Result, string? Message = null);

/// <summary>The one write that advances a run: checked, then in one transaction, fenced by epoch and by the committed round.</summary>
public sealed partial class RoundCommits(DatabaseWriter writer, StorageLayout layout, IOptions<RunOptions> options, ILogger<RoundCommits> log)
{
    private const int RoundsOfMedian = 5;

    public async Task<CommitOutcome> Commit(Guid runId, RoundCommit commit, CancellationToken cancellationToken)
    {
        if (RoundChecks.NotFinite(commit.Report) is { } field)
        {
            return new(CommitResult.Refused, $"{field} is not a finite number: the round is not committed.");
        }

        if (await CheckpointProblem(runId, commit.Checkpoint, cancellationToken) is { } problem)
        {
            return new(CommitResult.Refused, problem);
        }

        var report = PackedReport.Pack(commit.Report);
        return await writer.Write(scope => Commit(scope, runId, commit, report), cancellationToken);
    }

    private async Task<CommitOutcome> Commit(WriteScope scope, Guid runId, RoundCommit commit, byte[] packed)
    {
        var (report, epoch, n) = (commit.Report, commit.Epoch, commit.Report.Round);
        var until = scope.Now.AddSeconds(options.Value.LeaseSeconds);
        var advanced = await scope.Db.Runs
            .Where(r => r.Id == runId && r.CurrentRound == n - 1 && r.LeaseEpoch == epoch && r.LeaseOwner != null && r.Rounds >= n)
            .ExecuteUpdateAsync(s => s.SetProperty(r => r.CurrentRound, n).SetProperty(r => r.LeaseUntil, until));
        if (advanced == 0)
        {
            var repeated = await scope.Db.Rounds.AsNoTracking().AnyAsync(r =>
                r.RunId == runId && r.Round == n && r.Epoch == epoch && r.CheckpointSha256 == commit.Checkpoint.Sha256);
            return repeated
                ? new(CommitResult.Repeated)
                : new(CommitResult.Fenced, $"Round {n} of epoch {epoch} does not follow what is committed, or another process holds the run.");
        }

        var run = await scope.Db.Runs.SingleAsync(r => r.Id == runId);
        scope.Apply(run, RunTrigger.Attach);
        var e = scope.Emit(run, new RunEvent { RunId = runId, Sequence = 0, At = scope.Now, Kind = RunEventKind.Round, Round = report });
        scope.Db.Rounds.Add(new RoundRecord
        {
            RunId = runId,
            Round = n,
            Epoch = epoch,
            CheckpointSha256 = commit.Checkpoint.Sha256,
            CommittedAt = scope.Now,
            Sequence = e.Sequence,
            Evaluated = report.Gm is not null,
            Gm = report.Gm,
            GmClassifier = report.GmClassifier,
            GmAuxiliary = report.GmAuxiliary,
            Pm = report.Pm,
            PmStd = report.PmStd,
            PmWorst = report.PmWorst,
            Loss = report.Loss,
            Head = report.Groups?.Head,
            Medium = report.Groups?.Medium,
            Tail = report.Groups?.Tail,
            Seconds = report.Seconds,
            Report = packed,
        });
        scope.Db.Checkpoints.Add(new CheckpointRecord
        {
            Id = Guid.NewGuid(),
            RunId = runId,
            Round = n,
            Name = commit.Checkpoint.Name,
            Sha256 = commit.Checkpoint.Sha256,
            Bytes = commit.Checkpoint.Bytes,
            Gm = report.Gm,
            CommittedAt = scope.Now,
        });
        await Summarise(scope, run, report, commit.Checkpoint);
        await scope.Db.SaveChangesAsync();
        await Retain(scope, run);
        return new(CommitResult.Committed);
    }

    private static async Task Summarise(WriteScope scope, RunRecord run, RoundReport report, CheckpointFile checkpoint)
    {
        run.Gm.Add(report.Gm, report.Round);
        run.GmClassifier.Add(report.GmClassifier, report.Round);
        run.Pm.Add(report.Pm, report.Round);
        if (report.Groups is { } groups)
        {
            (run.Head, run.Medium, run.Tail) = (groups.Head, groups.Medium, groups.Tail);
        }

        run.Loss = report.Loss ?? run.Loss;
        run.Seconds += report.Seconds;
        (run.CheckpointName, run.CheckpointSha256) = (checkpoint.Name, checkpoint.Sha256);
        run.FailuresInARow = 0;

        var seconds = await scope.Db.Rounds.AsNoTracking().Where(r => r.RunId == run.Id).OrderByDescending(r => r.Round)
            .Take(RoundsOfMedian - 1).Select(r => r.Seconds).ToListAsync();
        seconds.Add(report.Seconds);
        seconds.Sort();
        run.RoundSeconds = seconds[seconds.Count / 2];
    }

    /// <summary>Keeps the last k, the best and the final checkpoint; the other rows go now, their files after the commit.</summary>
    private async Task Retain(WriteScope scope, RunRecord run)
    {
        var all = await scope.Db.Checkpoints.Where(c => c.RunId == run.Id).OrderByDescending(c => c.Round).ToListAsync();
        var best = all.Where(c => c.Gm is not null).MaxBy(c => (c.Gm, -c.Round));
        var spare = all.Skip(Math.Max(run.KeepCheckpoints, 1)).Where(c => c != best).ToList();
        scope.Db.Checkpoints.RemoveRange(spare);
        var folder = layout.RunFolder(run.Id);
        scope.After(() =>
        {
            foreach (var checkpoint in spare)
            {
                try
                {
                    File.Delete(Path.Combine(folder, checkpoint.Name));
                }
                catch (IOException e)
                {
                    // Named by no row any more: the collector of orphans takes it later.
                    LogNotDeleted(log, checkpoint.Name, e);
                }
            }
        });
    }

    private async Task<string?> CheckpointProblem(Guid runId, CheckpointFile checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint.Name.Length == 0 || checkpoint.Name != Path.GetFileName(checkpoint.Name) || checkpoint.Name.StartsWith('.'))
        {
            return "The checkpoint's name must be a file name without a folder.";
        }

        var path = Path.Combine(layout.RunFolder(runId), checkpoint.Name);
        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            if (file.Length != checkpoint.Bytes)
            {
                return $"The checkpoint {checkpoint.Name} has {file.Length} bytes; {checkpoint.Bytes} were announced.";
            }

            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            return string.Equals(hash, checkpoint.Sha256, StringComparison.OrdinalIgnoreCase)
                ? null
                : $"The checkpoint {checkpoint.Name} has the SHA-256 {hash}; {checkpoint.Sha256} was announced.";
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"The checkpoint {checkpoint.Name} is not in the run's folder.";
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint {Name} could not be deleted")]
    private static partial void LogNotDeleted(ILogger logger, string name, Exception exception);
}
