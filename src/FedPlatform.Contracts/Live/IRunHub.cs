namespace FedPlatform.Contracts.Live;

/// <summary><c>/hubs/runs</c>: a run's events for anything outside the browser. Bearer token; another team's run answers as an unknown one.</summary>
public interface IRunHub
{
    /// <summary>
    /// Streams stored events with a sequence above <paramref name="after"/>, then live ones, without a gap.
    /// A reader that falls behind loses progress events, never stored ones.
    /// </summary>
    IAsyncEnumerable<RunEvent> Subscribe(Guid runId, long after, CancellationToken cancellationToken);
}
