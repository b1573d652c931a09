using FedPlatform.Contracts.Live;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Scheduling;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Queue;

/// <summary>Who holds which device, and who waits; read again on every change and every five seconds.</summary>
public sealed partial class QueuePage : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource left = new();
    private DeviceOverview? overview;
    private TeamLive? live;
    private ITimer? timer;
    private bool mayRun;
    private string? failure;

    [Inject]
    private IDeviceService Devices { get; set; } = default!;

    [Inject]
    private IRunFeed Feed { get; set; } = default!;

    [Inject]
    private ICurrentActor Actor { get; set; } = default!;

    [Inject]
    private RunCommands Commands { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Inject]
    private ILogger<QueuePage> Logger { get; set; } = default!;

    protected override async Task OnInitializedAsync()
    {
        Actor actor = await Actor.Get(left.Token);
        mayRun = actor.MayRun;
        live = new TeamLive(actor.TeamId, Feed, Take, Time, Logger);
        live.Start();
        await Read();
        timer = Time.CreateTimer(_ => _ = InvokeAsync(Again), null, Period, Period);
    }

    private Task Take(IReadOnlyList<RunEvent> batch) =>
        batch.Any(e => e.Kind is RunEventKind.State or RunEventKind.Round) ? InvokeAsync(Again) : Task.CompletedTask;

    private async Task Again()
    {
        if (!left.IsCancellationRequested)
        {
            await Read();
            StateHasChanged();
        }
    }

    private async Task Read()
    {
        try
        {
            overview = await Devices.Overview(left.Token);
            failure = null;
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // The page was left.
        }
#pragma warning disable CA1031 // Shown on the page, whatever it was.
        catch (Exception broken)
#pragma warning restore CA1031
        {
            failure = broken.ToString();
        }
    }

    private async Task Stop(RunRow row)
    {
        if (await Commands.Execute(row, RunCommand.Stop, left.Token))
        {
            await Read();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await left.CancelAsync();
        if (timer is not null)
        {
            await timer.DisposeAsync();
        }

        if (live is not null)
        {
            await live.DisposeAsync();
        }
    }
}
