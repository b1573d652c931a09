namespace FedPlatform.Contracts.Runs;

/// <summary>The state of a run, as every surface shows it. Only the web host writes it.</summary>
public enum RunState
{
    /// <summary>Waits for a device slot.</summary>
    Queued,

    /// <summary>Its process is being started.</summary>
    Starting,

    /// <summary>Its process holds the lease.</summary>
    Running,

    /// <summary>Asked to pause: the round in progress is finished and committed first.</summary>
    Pausing,

    /// <summary>No process; goes on from the last committed round when resumed.</summary>
    Paused,

    /// <summary>Asked to stop: the round in progress is abandoned.</summary>
    Stopping,

    /// <summary>Ended by a person; can be resumed by a retry.</summary>
    Stopped,

    /// <summary>All rounds committed.</summary>
    Finished,

    /// <summary>Ended by an error that a person must read; the last committed round is kept.</summary>
    Failed,

    /// <summary>Its lease ran out without a word; requeued by the reconciler.</summary>
    Lost,
}

public static class RunStates
{
    /// <summary>True when a process may hold the run's lease.</summary>
    public static bool IsActive(this RunState state) =>
        state is RunState.Starting or RunState.Running or RunState.Pausing or RunState.Stopping;

    /// <summary>True when nothing more happens unless a person asks.</summary>
    public static bool IsTerminal(this RunState state) => state is RunState.Stopped or RunState.Finished or RunState.Failed;
}
