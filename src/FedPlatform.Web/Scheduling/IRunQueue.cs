using FedPlatform.Contracts.Agents;

namespace FedPlatform.Web.Scheduling;

/// <param name="Epoch">The lease's epoch before the run is taken: a later wait of the same run is another trigger.</param>
/// <param name="DueAt">Not started before; of several the earliest is first.</param>
public sealed record QueuedRun(Guid RunId, long Epoch, string Device, DateTimeOffset DueAt);

/// <summary>Fires queued runs when their device has a slot. The run's row is the truth; this only knows when.</summary>
public interface IRunQueue
{
    Task Enqueue(QueuedRun run, CancellationToken cancellationToken);

    Task Remove(Guid runId, CancellationToken cancellationToken);
}

/// <summary>Tells the process of a run what people ask of it.</summary>
public interface IRunOrders
{
    /// <summary>Sent at once, and again as the answer to every heartbeat. A stop is a kill after the grace period.</summary>
    Task Send(Guid runId, RunOrder order);
}
