using Quartz;

namespace FedPlatform.Web.Scheduling;

/// <summary>Holds a device slot for as long as the run's process lives.</summary>
public sealed class StartRunJob(RunSupervisor supervisor) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(context.MergedJobDataMap.GetString(QuartzRunQueue.RunKey), out var run))
        {
            await supervisor.Supervise(run, cancellationToken);
        }
    }
}
