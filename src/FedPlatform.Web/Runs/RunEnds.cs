using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Persistence;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Runs;

/// <summary>How a run loses its process: by its last word, by its death, by an orderly shutdown of the server.</summary>
public sealed class RunEnds(DatabaseWriter writer, IOptions<RunOptions> options, TimeProvider time)
{
    private const int DetailLines = 200;

    /// <summary>The process's last word. False when it does not hold the run (any more).</summary>
    public Task<bool> End(Guid runId, RunEnd end, CancellationToken cancellationToken) => writer.WriteEssential(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (!RunLeases.Holds(run, end.Epoch))
            {
                return false;
            }

            foreach (var line in (end.Detail ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(DetailLines))
            {
                scope.EmitLog(run!, "error", line.TrimEnd());
            }

            var (trigger, reason) = end.Kind switch
            {
                RunEndKind.Finished when run!.CurrentRound < run.Rounds =>
                    (RunTrigger.EndFailed, $"The process said that it had finished, but only {run.CurrentRound} of {run.Rounds} rounds are committed."),
                RunEndKind.Finished => (RunTrigger.EndFinished, null),
                RunEndKind.Paused => (RunTrigger.EndPaused, null),
                RunEndKind.Stopped => (RunTrigger.EndStopped, end.Reason),
                RunEndKind.FailedForGood => (RunTrigger.EndFailed, end.Reason ?? "The run failed without saying why; see its log."),
                RunEndKind.DiskFull => (RunTrigger.EndDiskFull, end.Reason ?? "The disk is full: the round was not committed. The run resumes when there is room."),
                _ => (RunTrigger.EndFailed, $"Unknown end '{end.Kind}'."),
            };
            scope.Apply(run!, trigger, reason);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// The process of this epoch is gone without a word. What people asked for (pause, stop) has then happened; otherwise
    /// the run is lost and queued again after a while, or has failed when it was lost too often.
    /// </summary>
    /// <returns>When the run is queued again: the time it is due. Otherwise null.</returns>
    public Task<DateTimeOffset?> ProcessGone(Guid runId, long epoch, string why, bool counts, CancellationToken cancellationToken) => writer.WriteEssential<DateTimeOffset?>(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (run is null || run.LeaseEpoch != epoch || !run.State.IsActive())
            {
                return null;
            }

            scope.EmitLog(run, "warning", why);
            scope.Apply(run, RunTrigger.ProcessGone, run.State is RunState.Starting or RunState.Running ? why : null);
            return run.State == RunState.Lost ? Requeue(scope, run, why, counts) : null;
        },
        cancellationToken);

    /// <summary>A lost run that nobody requeued, because the server died in between.</summary>
    public Task<DateTimeOffset?> RequeueLost(Guid runId, CancellationToken cancellationToken) => writer.WriteEssential<DateTimeOffset?>(
        async scope =>
        {
            var run = await scope.Run(runId);
            return run is { State: RunState.Lost } ? Requeue(scope, run, run.Reason ?? "Its process was lost.", counts: false) : null;
        },
        cancellationToken);

    /// <summary>The run cannot start, or would fail the same way again.</summary>
    public Task GiveUp(Guid runId, long? epoch, string reason, CancellationToken cancellationToken) => writer.WriteEssential(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (run is not null && (epoch is null || run.LeaseEpoch == epoch))
            {
                scope.Apply(run, RunTrigger.GiveUp, reason);
            }
        },
        cancellationToken);

    /// <summary>The server shuts down and has ended the process: the run keeps its place and goes on at the next start.</summary>
    public Task Release(Guid runId, long epoch, CancellationToken cancellationToken) => writer.WriteEssential(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (run is not null && run.LeaseEpoch == epoch && run.State.IsActive())
            {
                scope.Apply(run, RunTrigger.Release, run.State is RunState.Running or RunState.Starting
                    ? "The server was stopped; the run goes on from its last committed round when the server starts." : null);
            }
        },
        cancellationToken);

    /// <summary>There is room again for a run that paused because the disk was full.</summary>
    public Task<bool> RoomAgain(Guid runId, CancellationToken cancellationToken) => writer.WriteEssential(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (run is not { State: RunState.Paused, WaitsForDisk: true })
            {
                return false;
            }

            run.DueAt = scope.Now;
            return scope.Apply(run, RunTrigger.RoomAgain, "There is room on the disk again.").Allowed;
        },
        cancellationToken);

    private DateTimeOffset? Requeue(WriteScope scope, RunRecord run, string why, bool counts)
    {
        if (counts)
        {
            run.FailuresInARow++;
        }

        if (run.FailuresInARow >= options.Value.MaxLosses)
        {
            scope.Apply(run, RunTrigger.GiveUp, $"{why} That was the {run.FailuresInARow}th loss in a row without a committed round; retry when the cause is mended.");
            return null;
        }

        // Not the run's fault: it keeps its place in the queue.
        if (counts)
        {
            var wait = options.Value.BackoffSeconds * Math.Pow(2, run.FailuresInARow - 1);
            run.DueAt = time.GetUtcNow().AddSeconds(wait);
        }

        scope.Apply(run, RunTrigger.Requeue, why);
        return run.DueAt;
    }
}
