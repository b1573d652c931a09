using FedPlatform.Contracts.Live;

namespace FedPlatform.Web.Components.Live;

/// <summary>
/// One subscription of a page: gathers events and delivers them in batches, at most five a second. A feed that breaks is
/// subscribed again after the last stored event that was delivered, so nothing is shown twice and nothing is missed.
/// </summary>
public sealed partial class ThrottledFeed(
    Func<long, CancellationToken, IAsyncEnumerable<RunEvent>> subscribe,
    Func<IReadOnlyList<RunEvent>, Task> deliver,
    TimeProvider time,
    ILogger logger) : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();
    private List<RunEvent> pending = [];
    private bool flushing;
    private DateTimeOffset delivered = DateTimeOffset.MinValue;
    private Task? pump;

    /// <summary>Starts to read what came after <paramref name="after"/>.</summary>
    public void Start(long after) => pump ??= Task.Run(() => Pump(after));

    private async Task Pump(long after)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (RunEvent e in subscribe(after, stop.Token))
                {
                    after = Math.Max(after, e.Sequence);
                    Add(e);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A page outlives a feed that breaks, whatever broke it.
            catch (Exception broken)
#pragma warning restore CA1031
            {
                LogBroken(logger, broken);
            }

            await Task.Delay(Pause, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Add(RunEvent e)
    {
        lock (gate)
        {
            pending.Add(e);
            if (flushing)
            {
                return;
            }

            flushing = true;
        }

        _ = Flush();
    }

    private async Task Flush()
    {
        try
        {
            TimeSpan wait = delivered + Interval - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, stop.Token);
            }

            while (!stop.IsCancellationRequested)
            {
                List<RunEvent> batch;
                lock (gate)
                {
                    batch = pending;
                    pending = [];
                    if (batch.Count == 0)
                    {
                        flushing = false;
                        return;
                    }
                }

                delivered = time.GetUtcNow();
                await deliver(batch);
                await Task.Delay(Interval, time, stop.Token);
            }
        }
        catch (Exception left) when (left is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
#pragma warning disable CA1031 // A batch that a page cannot show must not end the subscription.
        catch (Exception broken)
#pragma warning restore CA1031
        {
            LogBroken(logger, broken);
            lock (gate)
            {
                flushing = false;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (pump is not null)
        {
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        stop.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A page's live feed broke and is subscribed again")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
