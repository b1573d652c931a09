using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Persistence;

namespace FedPlatform.Web.Runs;

/// <summary>Moves a run from state to state inside a transaction of the writer.</summary>
internal static class RunLedger
{
    /// <summary>
    /// Applies <paramref name="trigger"/>: the state, the reason, the times and, when the new state has no process, the end of the lease.
    /// A refusal changes nothing.
    /// </summary>
    public static RunTransition Apply(this WriteScope scope, RunRecord run, RunTrigger trigger, string? reason = null)
    {
        var transition = RunStateMachine.Next(run.State, trigger);
        if (!transition.Allowed || (transition.To == run.State && reason is null))
        {
            return transition;
        }

        run.State = transition.To;
        run.Reason = reason;
        run.WaitsForDisk = run.State == RunState.Paused && trigger == RunTrigger.EndDiskFull;
        if (!run.State.IsActive())
        {
            ReleaseLease(run);
        }

        if (run.State.IsTerminal())
        {
            run.EndedAt = scope.Now;
        }
        else if (run.State is RunState.Queued or RunState.Starting)
        {
            run.EndedAt = null;
        }

        scope.EmitState(run);
        return transition;
    }

    /// <summary>After this no write of the old process counts: its token is unknown and its epoch is nobody's.</summary>
    private static void ReleaseLease(RunRecord run) =>
        (run.LeaseOwner, run.LeaseUntil, run.LeaseTokenHash, run.ProcessId, run.ProcessIdentity, run.MemoryBytes) = (null, null, null, null, null, null);
}
