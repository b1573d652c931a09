using System.Diagnostics;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Runs;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Scheduling;

/// <summary>Starts a run's process, listens to it until it is gone, and says what that means for the run.</summary>
public sealed partial class RunSupervisor(
    RunLeases leases,
    RunEnds ends,
    RunProcesses processes,
    AgentLauncher launcher,
    RunLog runLog,
    IRunQueue queue,
    IDbContextFactory<PlatformContext> contexts,
    TimeProvider time,
    ILogger<RunSupervisor> log)
{
    private const int TailLines = 30;
    private const int KilledBySignal = 128;
    private static readonly TimeSpan RoomRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the process is gone and the run's state says so. Cancelled when the server shuts down.</summary>
    public async Task Supervise(Guid runId, CancellationToken cancellationToken)
    {
        if (await leases.Claim(runId, cancellationToken) is not { } claim)
        {
            return;
        }

        Process process;
        try
        {
            process = launcher.Start(claim);
        }
        catch (LaunchException e)
        {
            await ends.GiveUp(runId, claim.Epoch, e.Message, CancellationToken.None);
            return;
        }

        using (process)
        {
            LogStarted(log, claim.Name, process.Id, claim.Round);
            var tail = new OutputTail(TailLines);
            using var kill = new CancellationTokenSource();
            using var registration = processes.Add(runId, process, kill);
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, line) => tail.Add(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (ProcessIdentity.Of(process.Id) is { } identity)
            {
                await leases.Started(runId, claim.Epoch, process.Id, identity, CancellationToken.None);
            }

            var released = await WaitForEnd(process, kill.Token, cancellationToken);
            await runLog.Flush(CancellationToken.None);
            LogEnded(log, claim.Name, process.ExitCode);
            await WhenThereIsRoom(
                () => released ? ends.Release(runId, claim.Epoch, CancellationToken.None) : Settle(runId, claim.Epoch, process.ExitCode, tail), cancellationToken);
        }
    }

    /// <returns>True when the process was ended because the server shuts down.</returns>
    private static async Task<bool> WaitForEnd(Process process, CancellationToken kill, CancellationToken shutdown)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(kill, shutdown);
        try
        {
            await process.WaitForExitAsync(either.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            var released = !kill.IsCancellationRequested;
            if (released)
            {
                // Its standard input closes: the process goes by itself.
                process.StandardInput.Close();
                using var grace = new CancellationTokenSource(ShutdownGrace);
                try
                {
                    await process.WaitForExitAsync(grace.Token);
                    return true;
                }
                catch (OperationCanceledException)
                {
                    // Then by force.
                }
            }

            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            return released;
        }
    }

    /// <summary>On a disk so full that not even the end of a run can be written, waits instead of losing it.</summary>
    private async Task WhenThereIsRoom(Func<Task> write, CancellationToken shutdown)
    {
        while (true)
        {
            try
            {
                await write();
                return;
            }
            catch (Exception e) when (DiskFull.Is(e) && !shutdown.IsCancellationRequested)
            {
                LogNoRoom(log);
                await Task.Delay(RoomRetry, time, shutdown);
            }
        }
    }

    /// <summary>The process is gone. Usually its last word has settled the run; otherwise the exit code decides.</summary>
    private async Task Settle(Guid runId, long epoch, int exit, OutputTail tail)
    {
        bool attached;
        await using (var db = await contexts.CreateDbContextAsync())
        {
            var run = await db.Runs.AsNoTracking().Where(r => r.Id == runId).Select(r => new { r.State, r.LeaseEpoch }).FirstOrDefaultAsync();
            if (run is null || run.LeaseEpoch != epoch || !run.State.IsActive())
            {
                return;
            }

            attached = run.State != RunState.Starting;
        }

        // Log lines come by the hub; what was printed counts when a process dies without a word.
        foreach (var printed in tail.Lines)
        {
            runLog.Add(runId, "error", printed);
        }

        await runLog.Flush(CancellationToken.None);
        switch (exit)
        {
            case AgentProtocol.ExitBadInput:
                await ends.GiveUp(runId, epoch, tail.Cause ?? "The run's process refused its input.", CancellationToken.None);
                return;
            case AgentProtocol.ExitFinished or AgentProtocol.ExitPaused or AgentProtocol.ExitStopped:
                var kind = exit switch
                {
                    AgentProtocol.ExitFinished => RunEndKind.Finished,
                    AgentProtocol.ExitPaused => RunEndKind.Paused,
                    _ => RunEndKind.Stopped,
                };
                await ends.End(runId, new RunEnd { Epoch = epoch, Kind = kind }, CancellationToken.None);
                return;
            case > 0 and < KilledBySignal when !attached:
                // It never came as far as asking for its work: the next one would not either.
                await ends.GiveUp(runId, epoch, $"The run's process cannot start (exit code {exit}): {tail.Cause ?? "it said nothing"}", CancellationToken.None);
                return;
        }

        var why = exit > KilledBySignal
            ? $"The run's process was killed (signal {exit - KilledBySignal})."
            : $"The run's process ended without a word (exit code {exit}){(tail.Cause is { } line ? ": " + line : ".")}";
        if (await ends.ProcessGone(runId, epoch, why, counts: true, CancellationToken.None) is { } due)
        {
            await Requeue(runId, epoch, due);
        }
    }

    private async Task Requeue(Guid runId, long epoch, DateTimeOffset due)
    {
        await using var db = await contexts.CreateDbContextAsync();
        var device = await db.Runs.AsNoTracking().Where(r => r.Id == runId).Select(r => r.Device).SingleAsync();
        await queue.Enqueue(new QueuedRun(runId, epoch, device, due), CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The disk is full: the end of a run cannot be written yet")]
    private static partial void LogNoRoom(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "Run '{Name}' started as process {ProcessId}, {Round} rounds committed")]
    private static partial void LogStarted(ILogger logger, string name, int processId, int round);

    [LoggerMessage(Level = LogLevel.Information, Message = "Run '{Name}': its process ended with exit code {ExitCode}")]
    private static partial void LogEnded(ILogger logger, string name, int exitCode);
}
