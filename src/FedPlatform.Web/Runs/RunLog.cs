using System.Collections.Concurrent;
using FedPlatform.Contracts.Live;
using FedPlatform.Web.Persistence;

namespace FedPlatform.Web.Runs;

/// <summary>Log lines on their way to the database: gathered for a quarter of a second, written in one transaction, in order.</summary>
public sealed partial class RunLog(DatabaseWriter writer, TimeProvider time, ILogger<RunLog> log) : BackgroundService
{
    private static readonly TimeSpan Batch = TimeSpan.FromMilliseconds(250);

    private const int MaxWaiting = 20_000;
    private const int MaxText = 4_000;

    private readonly ConcurrentQueue<(Guid Run, LogLine Line)> _waiting = new();

    /// <summary>Never waits. A flood beyond what can be written is dropped.</summary>
    public void Add(Guid run, LogLine line)
    {
        if (_waiting.Count < MaxWaiting)
        {
            _waiting.Enqueue((run, line.Text.Length <= MaxText ? line : line with { Text = line.Text[..MaxText] + " …" }));
        }
    }

    public void Add(Guid run, string level, string text) => Add(run, new LogLine { At = time.GetUtcNow(), Level = level, Text = text });

    /// <summary>Writes what is waiting.</summary>
    public async Task Flush(CancellationToken cancellationToken)
    {
        var batch = new List<(Guid Run, LogLine Line)>();
        while (_waiting.TryDequeue(out var entry))
        {
            batch.Add(entry);
        }

        if (batch.Count == 0)
        {
            return;
        }

        await writer.Write(
            async scope =>
            {
                foreach (var lines in batch.GroupBy(b => b.Run))
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
            },
            cancellationToken);
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
            try
            {
                await Flush(stoppingToken);
            }
            catch (Microsoft.EntityFrameworkCore.DbUpdateException e)
            {
                LogFailed(log, e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Log lines of runs could not be written")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
