using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Run;

/// <summary>The page people live on: one run, live.</summary>
public sealed partial class RunPage : IAsyncDisposable
{
    private static readonly (string Key, string Title)[] Tabs =
    [
        ("", "Overview"), ("classes", "Classes"), ("clients", "Clients"), ("rounds", "Rounds"), ("log", "Log"), ("spec", "Spec"), ("artifacts", "Artifacts"),
    ];

    private readonly CancellationTokenSource left = new();
    private RunLive? live;
    private RunDetail? parent;
    private Guid opened;
    private bool missing;
    private bool mayRun;
    private string? failure;

    [Parameter]
    public Guid Id { get; set; }

    [Parameter]
    public string? Tab { get; set; }

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private IRunFeed Feed { get; set; } = default!;

    [Inject]
    private ICurrentActor Actor { get; set; } = default!;

    [Inject]
    private RunCommands Commands { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Inject]
    private ILogger<RunPage> Logger { get; set; } = default!;

    private string Current => Tabs.Any(t => t.Key == Tab) ? Tab! : "";

    private string Title => live is null
        ? "Run · FedPlatform"
        : live.Summary.State.IsActive() ? $"{live.Summary.Round}/{live.Summary.Rounds} · {live.Detail.Row.Name}" : $"{live.Detail.Row.Name} · FedPlatform";

    protected override async Task OnParametersSetAsync()
    {
        if (opened == Id)
        {
            return;
        }

        opened = Id;
        (missing, failure, parent) = (false, null, null);
        await Close();
        try
        {
            mayRun = (await Actor.Get(left.Token)).MayRun;
            var next = new RunLive(Id, Runs, Feed, Time, Logger);
            next.Changed += OnChange;
            if (!await next.Open(left.Token))
            {
                await next.DisposeAsync();
                missing = true;
                return;
            }

            if (left.IsCancellationRequested || opened != next.Id)
            {
                await next.DisposeAsync();
                return;
            }

            live = next;
            parent = next.Detail.Parent is { } from ? await Runs.Find(from, left.Token) : null;
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

    private Task OnChange(RunChange change) => InvokeAsync(StateHasChanged);

    private async Task Command(RunCommand command)
    {
        if (live is not null && await Commands.Execute(live.Detail.Row, command, left.Token))
        {
            await live.Refresh(left.Token);
        }
    }

    private async Task Close()
    {
        if (live is { } old)
        {
            live = null;
            old.Changed -= OnChange;
            await old.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await left.CancelAsync();
        await Close();
        left.Dispose();
    }
}
