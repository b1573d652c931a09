using Quartz;


namespace FedPlatform.Web.Scheduling;

/// <summary>
/// Quartz as a clock with slots: one durable job, one trigger a wait, in the execution group of its device. Rebuilt from the
/// table of runs at every start, so nothing that a killed server left in Quartz's own database matters.
/// </summary>
public sealed partial class QuartzRunQueue(ISchedulerFactory schedulers, ILogger<QuartzRunQueue> log) : IRunQueue
{
    internal const string RunKey = "run";
    private const string Group = "runs";

    internal static readonly JobKey Job = new("start-run", Group);

    private volatile bool _open;

    public async Task Enqueue(QueuedRun run, CancellationToken cancellationToken)
    {
        // Not open yet: the run is in the table, from which the queue is filled when it opens.
        if (!_open)
        {
            return;
        }

        try
        {
            var scheduler = await schedulers.GetScheduler(cancellationToken);
            var key = Key(run);
            if (await scheduler.GetTrigger(key, cancellationToken) is not null)
            {
                await scheduler.UnscheduleJob(key, cancellationToken);
            }

            // Fired late, never skipped: the place in the queue is the time it was due.
            var trigger = TriggerBuilder.Create()
                .WithIdentity(key)
                .ForJob(Job)
                .UsingJobData(RunKey, run.RunId.ToString())
                .WithExecutionGroup(GroupOf(run.Device))
                .StartAt(run.DueAt)
                .WithSimpleSchedule(s => s.WithRepeatCount(0).WithMisfireInstruction(SimpleTriggerMisfireInstruction.IgnoreMisfires))
                .Build();
            await scheduler.ScheduleJob(trigger, cancellationToken: cancellationToken);
        }
        catch (SchedulerException e)
        {
            // The run is queued in the table: the reconciler finds it without a trigger and tries again.
            LogNotScheduled(log, run.RunId, e);
        }
    }

    public async Task Remove(Guid runId, CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        foreach (var key in await scheduler.GetTriggerKeys(GroupMatcher<TriggerKey>.GroupEquals(Group), cancellationToken))
        {
            if (key.Name.StartsWith(runId.ToString("N"), StringComparison.Ordinal))
            {
                await scheduler.UnscheduleJob(key, cancellationToken);
            }
        }
    }

    /// <summary>Forgets what an earlier server left in Quartz's database and takes runs from now on.</summary>
    public async Task Open(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        await scheduler.Clear(cancellationToken);
        await scheduler.AddJob(JobBuilder.Create<StartRunJob>().WithIdentity(Job).StoreDurably().Build(), AddJobOptions.Replacing, cancellationToken);
        _open = true;
    }

    /// <summary>Names of the waits that have a trigger.</summary>
    public async Task<IReadOnlySet<string>> Waiting(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        var keys = await scheduler.GetTriggerKeys(GroupMatcher<TriggerKey>.GroupEquals(Group), cancellationToken);
        return keys.Select(k => k.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>A device's execution group: Quartz reserves some characters in names.</summary>
    internal static string GroupOf(string device) => "device-" + device.Replace(':', '-');

    internal static string NameOf(QueuedRun run) => $"{run.RunId:N}.{run.Epoch}";

    private static TriggerKey Key(QueuedRun run) => new(NameOf(run), Group);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId} could not be scheduled now")]
    private static partial void LogNotScheduled(ILogger logger, Guid runId, Exception exception);
}
