using FedPlatform.Contracts.Runs;

namespace FedPlatform.Web.Runs;

/// <summary>What can happen to a run.</summary>
public enum RunTrigger
{
    // Asked by a person.
    Stop,
    Pause,
    Resume,
    Retry,

    // Done by the supervisor.
    /// <summary>A slot is free: a process is about to be started.</summary>
    Claim,

    /// <summary>The process spoke for the first time.</summary>
    Attach,

    /// <summary>The process is gone, or its lease ran out.</summary>
    ProcessGone,

    /// <summary>The server shuts down in order; the process was told to go.</summary>
    Release,

    /// <summary>A lost run gets another process.</summary>
    Requeue,

    /// <summary>A lost run has had all its attempts, or cannot start at all.</summary>
    GiveUp,

    /// <summary>There is room on the disk again.</summary>
    RoomAgain,

    // Said by the process as its last word.
    EndFinished,
    EndPaused,
    EndStopped,
    EndFailed,
    EndDiskFull,
}

/// <summary>Where a trigger leads, or why it is refused.</summary>
public readonly record struct RunTransition(RunState To, string? Refusal)
{
    public bool Allowed => Refusal is null;
}

/// <summary>Every transition of a run, in one table. Nothing else assigns a state.</summary>
public static class RunStateMachine
{
    private static readonly Dictionary<(RunState, RunTrigger), RunState> Table = new()
    {
        [(RunState.Queued, RunTrigger.Claim)] = RunState.Starting,
        [(RunState.Queued, RunTrigger.Stop)] = RunState.Stopped,
        [(RunState.Queued, RunTrigger.Pause)] = RunState.Paused,
        [(RunState.Queued, RunTrigger.GiveUp)] = RunState.Failed,

        [(RunState.Starting, RunTrigger.Attach)] = RunState.Running,
        [(RunState.Starting, RunTrigger.Stop)] = RunState.Stopping,
        [(RunState.Starting, RunTrigger.Pause)] = RunState.Pausing,
        [(RunState.Starting, RunTrigger.GiveUp)] = RunState.Failed,
        [(RunState.Starting, RunTrigger.ProcessGone)] = RunState.Lost,
        [(RunState.Starting, RunTrigger.Release)] = RunState.Queued,

        [(RunState.Running, RunTrigger.Attach)] = RunState.Running,
        [(RunState.Running, RunTrigger.Stop)] = RunState.Stopping,
        [(RunState.Running, RunTrigger.Pause)] = RunState.Pausing,
        [(RunState.Running, RunTrigger.GiveUp)] = RunState.Failed,
        [(RunState.Running, RunTrigger.ProcessGone)] = RunState.Lost,
        [(RunState.Running, RunTrigger.Release)] = RunState.Queued,

        [(RunState.Pausing, RunTrigger.Attach)] = RunState.Pausing,
        [(RunState.Pausing, RunTrigger.Pause)] = RunState.Pausing,
        [(RunState.Pausing, RunTrigger.Stop)] = RunState.Stopping,
        [(RunState.Pausing, RunTrigger.GiveUp)] = RunState.Failed,
        [(RunState.Pausing, RunTrigger.ProcessGone)] = RunState.Paused,
        [(RunState.Pausing, RunTrigger.Release)] = RunState.Paused,

        [(RunState.Paused, RunTrigger.Pause)] = RunState.Paused,
        [(RunState.Paused, RunTrigger.Stop)] = RunState.Stopped,
        [(RunState.Paused, RunTrigger.Resume)] = RunState.Queued,
        [(RunState.Paused, RunTrigger.RoomAgain)] = RunState.Queued,

        [(RunState.Stopping, RunTrigger.Attach)] = RunState.Stopping,
        [(RunState.Stopping, RunTrigger.Stop)] = RunState.Stopping,
        [(RunState.Stopping, RunTrigger.GiveUp)] = RunState.Stopped,
        [(RunState.Stopping, RunTrigger.ProcessGone)] = RunState.Stopped,
        [(RunState.Stopping, RunTrigger.Release)] = RunState.Stopped,

        [(RunState.Stopped, RunTrigger.Stop)] = RunState.Stopped,
        [(RunState.Stopped, RunTrigger.Retry)] = RunState.Queued,

        [(RunState.Failed, RunTrigger.Retry)] = RunState.Queued,

        [(RunState.Lost, RunTrigger.Requeue)] = RunState.Queued,
        [(RunState.Lost, RunTrigger.GiveUp)] = RunState.Failed,
        [(RunState.Lost, RunTrigger.Stop)] = RunState.Stopped,
        [(RunState.Lost, RunTrigger.Pause)] = RunState.Paused,
    };

    static RunStateMachine()
    {
        // A process may say its last word in whatever state people have put the run meanwhile.
        foreach (var active in Enum.GetValues<RunState>().Where(s => s.IsActive()))
        {
            Table[(active, RunTrigger.EndFinished)] = RunState.Finished;
            Table[(active, RunTrigger.EndFailed)] = RunState.Failed;
            Table[(active, RunTrigger.EndPaused)] = active == RunState.Stopping ? RunState.Stopped : RunState.Paused;
            Table[(active, RunTrigger.EndDiskFull)] = active == RunState.Stopping ? RunState.Stopped : RunState.Paused;
            Table[(active, RunTrigger.EndStopped)] = RunState.Stopped;
        }
    }

    public static RunTransition Next(RunState state, RunTrigger trigger) =>
        Table.TryGetValue((state, trigger), out var to) ? new(to, null) : new(state, Refusal(state, trigger));

    private static string Refusal(RunState state, RunTrigger trigger) => (state, trigger) switch
    {
        (RunState.Finished, RunTrigger.Stop or RunTrigger.Pause) => "The run has finished: there is nothing to end.",
        (RunState.Finished, _) => "The run has finished. Clone it to run it again.",
        (RunState.Pausing, RunTrigger.Resume) => "The run is still committing its round; resume it when it is paused.",
        (RunState.Stopping, RunTrigger.Pause) => "The run is already stopping.",
        (RunState.Stopped or RunState.Failed, RunTrigger.Resume) => $"The run is {Word(state)}: use retry to go on from its last committed round.",
        (RunState.Stopped or RunState.Failed, _) => $"The run is {Word(state)} and has no process.",
        (RunState.Paused, RunTrigger.Retry) => "The run is paused: use resume.",
        (RunState.Queued, RunTrigger.Resume or RunTrigger.Retry) => "The run is already queued.",
        (_, RunTrigger.Resume) => $"Only a paused run can be resumed; this one is {Word(state)}.",
        (_, RunTrigger.Retry) => $"Only a stopped or failed run can be retried; this one is {Word(state)}.",
        _ => $"A {Word(state)} run does not take '{trigger}'.",
    };

#pragma warning disable CA1308 // a word for people, not a key
    private static string Word(RunState state) => state.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
