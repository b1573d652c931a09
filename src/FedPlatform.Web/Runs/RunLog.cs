using System.Collections.Concurrent;
using System.Data.Common;
using FedPlatform.Contracts.Live;
using FedPlatform.Web.Persistence;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Runs;

/// <summary>Log lines on their way to the database: gathered for a quarter of a second, written in one transaction, in order.</summary>
public sealed partial class RunLog(DatabaseWriter writer, TimeProvider time, ILogger<RunLog> log) : BackgroundService
{
    private static readonly TimeSpan Batch = TimeSpan.FromMilliseconds(250);

    private const int MaxWaiting = 20_000;
    private const int MaxText = 4_000;

    private readonly ConcurrentQueue<(Guid Run, LogLine Line)> _waiting = new();

    // Never disposed: it holds no handle, and a host may be stopped once more after it was disposed.
    private readonly SemaphoreSlim _flushing = new(1, 1);

    // Taken from the queue and not yet durable: stays when a write fails, for the next try.
    private readonly List<(Guid Run, LogLine Line)> _batch = [];
    private bool _failing;

    /// <summary>Never waits. A flood beyond what can be written is dropped.</summary>
    public void Add(Guid run, LogLine line)
    {
        if (_waiting.Count < MaxWaiting)
        {
            _waiting.Enqueue((run, line.Text.Length <= MaxText ? line : line with { Text = line.Text[..MaxText] + " …" }));
        }
    }

    public void Add(Guid run, string level, string text) => Add(run, new LogLine { At = time.GetUtcNow(), Level = level, Text = text });

    /// <summary>Writes what is waiting. Never throws for want of disk or database: the lines wait for the next try.</summary>
    public async Task Flush(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            while (_batch.Count < MaxWaiting && _waiting.TryDequeue(out var entry))
            {
                _batch.Add(entry);
            }

            if (_batch.Count > 0)
            {
                await writer.Write(Store, cancellationToken);
                _batch.Clear();
                _failing = false;
            }
        }
        catch (Exception e) when (e is DbException or DbUpdateException)
        {
            if (!_failing)
            {
                LogFailed(log, e.Message);
            }

            _failing = true;
        }
        finally
        {
            _flushing.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Flush(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Batch, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await Flush(stoppingToken);
        }
    }

    private async Task Store(WriteScope scope)
    {
        foreach (var lines in _batch.GroupBy(b => b.Run))
        {
            if (await scope.Run(lines.Key) is not { } run)
            {
                continue;
            }

            foreach (var (_, line) in lines)
            {
                scope.Emit(run, new RunEvent { RunId = run.Id, Sequence = 0, At = line.At, Kind = RunEventKind.Log, Log = line });
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Log lines of runs wait, they cannot be written: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
