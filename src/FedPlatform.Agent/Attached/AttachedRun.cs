using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Attached;

/// <summary>A run on behalf of the web host, which alone decides what counts: this process only proposes commits under its lease.</summary>
public sealed partial class AttachedRun(IRunner runner, AttachedOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly RunOrders _orders = new();
    private int _round;

    /// <returns>An exit code of <see cref="AgentProtocol"/>.</returns>
    public async Task<int> Run(CancellationToken cancellationToken)
    {
        using var client = new LeaseClient(options, time, logger);
        RunAssignment assignment;
        try
        {
            assignment = await client.Assignment(cancellationToken);
        }
        catch (FencedException fenced)
        {
            LogFenced(fenced.Message);
            return AgentProtocol.ExitFenced;
        }

        _round = assignment.CurrentRound;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task heartbeat = Ignoring(new Heartbeat(client, options, _orders, () => Volatile.Read(ref _round), time, logger).Run(over.Token));
        await using var uplink = new EventUplink(options, _orders, time, logger);
        uplink.Start();
        int exit;
        try
        {
            (RunEnd end, exit) = await RunToEnd(client, uplink, assignment, over.Token);
            await uplink.Flush(s_lastWords);
            await client.End(end, cancellationToken);
        }
        catch (FencedException fenced)
        {
            LogFenced(fenced.Message);
            exit = AgentProtocol.ExitFenced;
        }

        await over.CancelAsync();
        await heartbeat;
        return exit;
    }

    private async Task<(RunEnd End, int Exit)> RunToEnd(LeaseClient client, EventUplink uplink, RunAssignment assignment, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var observer = new Observer(this, client, uplink, abandon.Token);
        try
        {
            var input = new RunnerInput(assignment.Spec, options.Folder, Committed(assignment), assignment.CurrentRound);
            Task<RunEndKind> run = RunThread.Start("round loop", () => runner.Run(input, observer, abandon.Token));
            await Task.WhenAny(run, _orders.Fenced);
            if (_orders.Fence is { } reason)
            {
                // The loop notices at its next step; one that sits in a long native call is left behind.
                await abandon.CancelAsync();
                await Task.WhenAny(run, Task.Delay(options.FencedGrace, time, CancellationToken.None));
                throw new FencedException(reason);
            }

            RunEndKind kind = await run;
            int exit = kind switch
            {
                RunEndKind.Finished => AgentProtocol.ExitFinished,
                RunEndKind.Paused => AgentProtocol.ExitPaused,
                _ => AgentProtocol.ExitStopped,
            };
            return (new RunEnd { Epoch = options.Epoch, Kind = kind }, exit);
        }
        catch (Exception error) when (RunFailure.Unwrap(error) is not FencedException)
        {
            RunFailure failure = RunFailure.From(error);
            observer.Log("error", failure.Reason);
            int exit = failure.Kind == RunEndKind.DiskFull ? AgentProtocol.ExitPaused
                : error is SpecProblemsException ? AgentProtocol.ExitBadInput : AgentProtocol.ExitFailed;
            return (new RunEnd { Epoch = options.Epoch, Kind = failure.Kind, Reason = failure.Reason, Detail = failure.Detail }, exit);
        }
    }

    /// <summary>The checkpoint to go on from; its bytes are checked by whoever reads it.</summary>
    private CheckpointFile? Committed(RunAssignment assignment)
    {
        if (assignment.Checkpoint is not { Length: > 0 } name) return null;
        if (Path.GetFileName(name) != name) throw new RunFailedException($"The server names a checkpoint outside the run's folder: {name}");
        var file = new FileInfo(Path.Combine(options.Folder, name));
        if (!file.Exists) throw new RunFailedException($"{file.FullName} is missing: it is the checkpoint of the last committed round, {assignment.CurrentRound}.");
        return new CheckpointFile { Name = name, Sha256 = assignment.CheckpointSha256 ?? "", Bytes = file.Length };
    }

    private static async Task Ignoring(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
        }
    }

    private sealed class Observer(AttachedRun run, LeaseClient client, EventUplink uplink, CancellationToken cancellationToken) : IRunObserver
    {
        public RunOrder Order => run._orders.Current;

        // The round loop has a thread of its own: waiting here blocks nothing else.
        public void Partitioned(PartitionReport report) => client.Partition(report, cancellationToken).GetAwaiter().GetResult();

        public void Progress(RoundProgress progress) => uplink.Progress(progress);

        public void Log(string level, string text)
        {
            uplink.Log(new LogLine { At = run.UtcNow, Level = level, Text = text });
            run.LogLine(level switch { "error" => LogLevel.Error, "warning" => LogLevel.Warning, _ => LogLevel.Information }, text);
        }

        public void Commit(RoundReport report, CheckpointFile checkpoint)
        {
            client.Commit(new RoundCommit { Epoch = run.Epoch, Report = report, Checkpoint = checkpoint }, cancellationToken).GetAwaiter().GetResult();
            Volatile.Write(ref run._round, report.Round);
        }
    }

    private DateTimeOffset UtcNow => time.GetUtcNow();

    private long Epoch => options.Epoch;

    [LoggerMessage(Message = "{Text}")]
    private partial void LogLine(LogLevel level, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "This process gives the run up: {Reason}")]
    private partial void LogFenced(string reason);
}
