using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Components.Live;

/// <summary>Live events of all runs of a team, applied to the rows that a page shows.</summary>
public sealed class TeamLive(Guid teamId, IRunFeed feed, Func<IReadOnlyList<RunEvent>, Task> deliver, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly ThrottledFeed events = new((_, ct) => feed.SubscribeTeam(teamId, ct), deliver, time, logger);

    public void Start() => events.Start(0);

    /// <summary>The row after these events; states other than the row's own need a fresh read of the list.</summary>
    public static RunRow Apply(RunRow row, IReadOnlyList<RunEvent> batch)
    {
        foreach (RunEvent e in batch)
        {
            if (e.RunId != row.Id)
            {
                continue;
            }

            if (e.Round is { } report && report.Round > row.Summary.Round)
            {
                row = row with
                {
                    Summary = row.Summary.With(report, null),
                    Eta = TimeSpan.FromSeconds(report.Seconds * Math.Max(0, row.Summary.Rounds - report.Round)),
                };
            }
            else if (e.State is { } change)
            {
                row = row with
                {
                    Summary = row.Summary with { State = change.State, Reason = change.Reason },
                    StartedAt = row.StartedAt ?? (change.State == RunState.Running ? e.At : null),
                    EndedAt = change.State.IsTerminal() ? e.At : row.EndedAt,
                };
            }
        }

        return row;
    }

    public ValueTask DisposeAsync() => events.DisposeAsync();
}
