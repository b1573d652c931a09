using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Layout;

/// <summary>How many runs train now, and how far they are.</summary>
public sealed partial class RunningMenu : IAsyncDisposable
{
    private readonly List<RunRow> rows = [];
    private TeamLive? live;

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private IRunFeed Feed { get; set; } = default!;

    [Inject]
    private ICurrentActor Current { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Inject]
    private ILogger<RunningMenu> Logger { get; set; } = default!;

    private string Label => rows.Count == 1 ? "1 run is running" : $"{rows.Count} runs are running";

    protected override async Task OnInitializedAsync()
    {
        Actor actor = await Current.Get(CancellationToken.None);
        live = new TeamLive(actor.TeamId, Feed, batch => InvokeAsync(() => Take(batch)), Time, Logger);
        live.Start();
        await Load();
    }

    private async Task Take(IReadOnlyList<RunEvent> batch)
    {
        if (batch.Any(e => e.Kind == RunEventKind.State))
        {
            await Load();
        }

        for (int i = 0; i < rows.Count; i++)
        {
            rows[i] = TeamLive.Apply(rows[i], batch);
        }

        if (batch.Any(e => e.Kind != RunEventKind.Progress))
        {
            StateHasChanged();
        }
    }

    private async Task Load()
    {
        RunPage running = await Runs.List(new RunFilter { State = RunState.Running, Take = 20 }, CancellationToken.None);
        rows.Clear();
        rows.AddRange(running.Rows);
    }

    public async ValueTask DisposeAsync()
    {
        if (live is not null)
        {
            await live.DisposeAsync();
        }
    }
}
