using FedPlatform.Contracts.Live;

namespace FedPlatform.Web.Realtime;

/// <summary>Live events on their way from the database's writer to pages and hubs. Register first, then snapshot, then live.</summary>
public interface IRunFeed
{
    /// <summary>
    /// Stored events of a run with a sequence above <paramref name="after"/>, then live ones, without gap or repeat; progress events in between.
    /// The buffer is bounded: a slow reader loses progress events and catches up on stored ones from the database.
    /// No authorisation here: callers come through <see cref="Runs.IRunService"/>.
    /// </summary>
    IAsyncEnumerable<RunEvent> Subscribe(Guid runId, long after, CancellationToken cancellationToken);

    /// <summary>State, round (curves only) and progress events of every run of a team, live only: for lists and the dashboard.</summary>
    IAsyncEnumerable<RunEvent> SubscribeTeam(Guid teamId, CancellationToken cancellationToken);
}
