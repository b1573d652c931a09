using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Datasets;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Scheduling;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Dashboard;

/// <summary>What trains now, what came of the last runs, what is free.</summary>
public sealed partial class DashboardPage : IAsyncDisposable
{
    /// <summary>Points of a small curve.</summary>
    private const int CurvePoints = 60;

    private readonly CancellationTokenSource left = new();
    private readonly Dictionary<Guid, List<RoundReport>> curves = [];
    private List<RunRow> running = [];
    private List<RunRow>? recent;
    private DeviceOverview? devices;
    private IReadOnlyList<DatasetListing>? datasets;
    private TeamLive? live;
    private bool mayRun;
    private string? failure;

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private IRunFeed Feed { get; set; } = default!;

    [Inject]
    private IDatasetService Datasets { get; set; } = default!;

    [Inject]
    private IDeviceService Devices { get; set; } = default!;

    [Inject]
    private ICurrentActor Actor { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Inject]
    private ILogger<DashboardPage> Logger { get; set; } = default!;

    protected override async Task OnInitializedAsync()
    {
        try
        {
            Actor actor = await Actor.Get(left.Token);
            mayRun = actor.MayRun;
            live = new TeamLive(actor.TeamId, Feed, batch => InvokeAsync(() => Take(batch)), Time, Logger);
            live.Start();
            await Load();
            datasets = await Datasets.List(left.Token);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // The page was left while it was loading.
        }
#pragma warning disable CA1031 // Shown on the page, whatever it was.
        catch (Exception broken)
#pragma warning restore CA1031
        {
            failure = broken.ToString();
        }
    }

    private async Task Load()
    {
        RunPage page = await Runs.List(new RunFilter { Take = 12 }, left.Token);
        var active = new List<RunRow>();
        foreach (RunState state in new[] { RunState.Running, RunState.Starting, RunState.Pausing, RunState.Stopping })
        {
            active.AddRange((await Runs.List(new RunFilter { State = state, Take = 12 }, left.Token)).Rows);
        }

        foreach (RunRow row in active.Where(r => !curves.ContainsKey(r.Id)))
        {
            curves[row.Id] = [.. await Runs.Rounds(row.Id, Math.Max(0, row.Summary.Round - CurvePoints), RoundContent.Curves, left.Token) ?? []];
        }

        devices = await Devices.Overview(left.Token);
        running = active;
        recent = [.. page.Rows];
    }

    private async Task Take(IReadOnlyList<RunEvent> batch)
    {
        foreach (RunEvent e in batch)
        {
            if (e.Round is { } round && curves.TryGetValue(e.RunId, out List<RoundReport>? curve) && (curve.Count == 0 || round.Round > curve[^1].Round))
            {
                curve.Add(round with { PerClass = [], PerClassClassifier = [], Confusion = [], Clients = [] });
                if (curve.Count > CurvePoints)
                {
                    curve.RemoveAt(0);
                }
            }
        }

        if (batch.Any(e => e.Kind == RunEventKind.State))
        {
            await Load();
        }

        running = [.. running.Select(r => TeamLive.Apply(r, batch))];
        recent = recent?.ConvertAll(r => TeamLive.Apply(r, batch));
        if (batch.Any(e => e.Kind is RunEventKind.State or RunEventKind.Round))
        {
            StateHasChanged();
        }
    }

    private double?[] Curve(Guid id, Func<RoundReport, double?> value) => [.. (curves.GetValueOrDefault(id) ?? []).Select(value)];

    public async ValueTask DisposeAsync()
    {
        await left.CancelAsync();
        if (live is not null)
        {
            await live.DisposeAsync();
        }

        left.Dispose();
    }
}
