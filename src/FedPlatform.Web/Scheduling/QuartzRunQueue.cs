using Quartz;
using Quartz.Impl.Matchers;

namespace FedPlatform.Web.Scheduling;

/// <summary>
/// Quartz as a clock with slots: one durable job, one trigger a wait, in the execution group of its device. Rebuilt from the
/// table of runs at every start, so nothing that a killed server left in Quartz's own database matters.
/// </summary>
public sealed class QuartzRunQueue(ISchedulerFactory schedulers) : IRunQueue
{
    internal const string RunKey = "run";
    private const string Group = "runs";

    private static readonly JobKey Job = new("start-run", Group);

    public async Task Enqueue(QueuedRun run, CancellationToken cancellationToken)
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
            .WithSimpleSchedule(s => s.WithRepeatCount(0).WithMisfireHandlingInstructionIgnoreMisfires())
            .Build();
        await scheduler.ScheduleJob(trigger, cancellationToken);
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

    /// <summary>Forgets everything and waits for exactly these runs.</summary>
    public async Task Rebuild(IEnumerable<QueuedRun> runs, CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        await scheduler.Clear(cancellationToken);
        await scheduler.AddJob(JobBuilder.Create<StartRunJob>().WithIdentity(Job).StoreDurably().Build(), replace: true, cancellationToken);
        foreach (var run in runs)
        {
            await Enqueue(run, cancellationToken);
        }
    }

    /// <summary>True when a trigger waits for the run, or has fired for it and its job has not returned.</summary>
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
}
