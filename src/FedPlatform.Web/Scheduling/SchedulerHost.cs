using FedPlatform.Web.Runs;
using Microsoft.Extensions.Options;
using Quartz;

namespace FedPlatform.Web.Scheduling;

/// <summary>
/// Starts the scheduler once the server listens (a run's process calls it back at once), then reconciles for ever; stops it
/// first at shutdown, while the database is still open.
/// </summary>
public sealed partial class SchedulerHost(
    ISchedulerFactory schedulers,
    Reconciler reconciler,
    IHostApplicationLifetime lifetime,
    IOptions<RunOptions> options,
    TimeProvider time,
    ILogger<SchedulerHost> log) : BackgroundService
{
    private readonly Lock _gate = new();
    private Task? _stop;

    /// <summary>Whoever stops the host, and however often: everyone waits for the one stop, before anything is disposed.</summary>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _stop ??= Stop(cancellationToken);
        }
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // Bounded by the supervisor's own grace, then by force: a run's state must be written while the database is open.
        try
        {
            var scheduler = await schedulers.GetScheduler(CancellationToken.None);
            await scheduler.Standby(CancellationToken.None);
            await scheduler.Interrupt(QuartzRunQueue.Job, CancellationToken.None);
            await scheduler.Shutdown(true, CancellationToken.None);
        }
        catch (SchedulerException e)
        {
            // Whoever disposed the container first has shut it down already; its jobs have ended with it.
            LogStopped(log, e.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.ApplicationStarted.Register(() => listening.TrySetResult()))
        await using (stoppingToken.Register(() => listening.TrySetCanceled(stoppingToken)))
        {
            await listening.Task;
        }

        await reconciler.Reclaim(stoppingToken);
        var scheduler = await schedulers.GetScheduler(stoppingToken);
        await scheduler.Start(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.ReconcileSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await reconciler.Reconcile(stoppingToken);
            }
#pragma warning disable CA1031 // the next pass tries again; a reconciler that ends would leave dead runs on their devices
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogFailed(log, e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The scheduler had stopped already: {Reason}")]
    private static partial void LogStopped(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A pass of the reconciler failed")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
