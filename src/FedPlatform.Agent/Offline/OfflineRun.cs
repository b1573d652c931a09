using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Offline;

/// <summary>A run without a server: everything it leaves is in its folder.</summary>
public sealed partial class OfflineRun(IRunner runner, RunFolder folder, RunSpec spec, RunOrders orders, RunDisplay display, ILogger logger)
{
    /// <summary>Starts in an empty folder, or goes on from the last committed round. Blocks until the run is over.</summary>
    /// <returns>An exit code of <see cref="AgentProtocol"/>.</returns>
    public int Run(bool resume, CancellationToken cancellationToken)
    {
        CheckpointFile? checkpoint = null;
        if (resume && folder.HasRounds)
        {
            if (folder.Summary!.Round >= spec.Rounds)
            {
                folder.Write(folder.Summary with { State = RunState.Finished, Reason = null });
                display.End($"All {spec.Rounds} rounds are committed already: nothing to do.");
                return AgentProtocol.ExitFinished;
            }

            checkpoint = folder.Resume();
            folder.WriteSpec(spec);
            folder.Write(folder.Summary with { State = RunState.Running, Rounds = spec.Rounds, Reason = null });
            LogResuming(folder.Summary.Round, spec.Rounds);
        }
        else
        {
            folder.Begin(spec);
        }

        RunFailure failure;
        try
        {
            var input = new RunnerInput(spec, folder.Path, checkpoint, folder.Summary!.Round);
            RunEndKind end = runner.Run(input, new Observer(this, folder, orders, display, spec.KeepCheckpoints), cancellationToken);
            RunState state = end switch
            {
                RunEndKind.Finished => RunState.Finished,
                RunEndKind.Paused => RunState.Paused,
                _ => RunState.Stopped,
            };
            folder.Write(folder.Summary with { State = state, Reason = null });
            display.End(state == RunState.Finished
                ? $"Finished: {folder.Summary.Round} rounds. Results are in {folder.Path}"
                : $"{state} after {folder.Summary.Round} of {spec.Rounds} rounds. Go on with --resume.");
            return end switch
            {
                RunEndKind.Finished => AgentProtocol.ExitFinished,
                RunEndKind.Paused => AgentProtocol.ExitPaused,
                _ => AgentProtocol.ExitStopped,
            };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            folder.Write(folder.Summary! with { State = RunState.Stopped, Reason = null });
            display.End($"Stopped after {folder.Summary.Round} of {spec.Rounds} rounds. Go on with --resume.");
            return AgentProtocol.ExitStopped;
        }
        catch (Exception error)
        {
            failure = RunFailure.From(error);
        }

        RunState ended = failure.Kind == RunEndKind.DiskFull ? RunState.Paused : RunState.Failed;
        LogDetail(failure.Detail ?? "no trace");
        display.End($"{ended} after {folder.Summary!.Round} of {spec.Rounds} rounds: {failure.Reason}");
        try
        {
            folder.Write(folder.Summary with { State = ended, Reason = failure.Reason });
        }
        catch (IOException error)
        {
            // The disk is full: the summary of the last committed round stands, only its state is old.
            LogSummary(error.Message);
        }

        return ended == RunState.Paused ? AgentProtocol.ExitPaused : AgentProtocol.ExitFailed;
    }

    private sealed class Observer(OfflineRun run, RunFolder folder, RunOrders orders, RunDisplay display, int keep) : IRunObserver
    {
        public RunOrder Order => orders.Current;

        public void Partitioned(PartitionReport report)
        {
            folder.WritePartition(report);
            foreach (string warning in report.Warnings) run.LogWarning(warning);
        }

        public void Progress(RoundProgress progress) => display.Show(progress);

        public void Log(string level, string text)
        {
            switch (level)
            {
                case "error":
                    run.LogError(text);
                    break;
                case "warning":
                    run.LogWarning(text);
                    break;
                default:
                    run.LogInformation(text);
                    break;
            }
        }

        public void Commit(RoundReport report, CheckpointFile checkpoint)
        {
            folder.Commit(report, checkpoint, keep);
            display.Show(report);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Going on after round {Round} of {Rounds}")]
    private partial void LogResuming(int round, int rounds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Detail}")]
    private partial void LogDetail(string detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "summary.json keeps its old state: {Reason}")]
    private partial void LogSummary(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Text}")]
    private partial void LogInformation(string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Text}")]
    private partial void LogWarning(string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Text}")]
    private partial void LogError(string text);
}
