using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Runs;

/// <summary>All runs of the team; what is filtered, sorted and paged is the page's address.</summary>
public sealed partial class RunsPage : IAsyncDisposable
{
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource left = new();
    private CancellationTokenSource? typing;
    private FedPlatform.Web.Runs.RunPage? page;
    private RunFilter? shown;
    private TeamLive? live;
    private bool mayRun;
    private string? failure;

    [SupplyParameterFromQuery]
    private string? Search { get; set; }

    [SupplyParameterFromQuery]
    private string? State { get; set; }

    [SupplyParameterFromQuery]
    private string? Algorithm { get; set; }

    [SupplyParameterFromQuery]
    private string? Dataset { get; set; }

    [SupplyParameterFromQuery]
    private string? Sort { get; set; }

    [SupplyParameterFromQuery]
    private int? Skip { get; set; }

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
    private ILogger<RunsPage> Logger { get; set; } = default!;

    private RunFilter Filter => new()
    {
        Search = Some(Search),
        State = Enum.TryParse(State, ignoreCase: true, out RunState state) && Enum.IsDefined(state) ? state : null,
        Algorithm = Some(Algorithm),
        Dataset = Some(Dataset),
        Sort = Some(Sort) ?? "-created",
        Skip = Math.Max(0, Skip ?? 0),
    };

    private bool IsFiltered => Filter is { Search: not null } or { State: not null } or { Algorithm: not null } or { Dataset: not null };

    protected override async Task OnInitializedAsync()
    {
        Actor actor = await Actor.Get(left.Token);
        mayRun = actor.MayRun;
        live = new TeamLive(actor.TeamId, Feed, batch => InvokeAsync(() => Take(batch)), Time, Logger);
        live.Start();
    }

    protected override Task OnParametersSetAsync() => Filter == shown ? Task.CompletedTask : Reload();

    private async Task Reload()
    {
        RunFilter asked = Filter;
        shown = asked;
        try
        {
            FedPlatform.Web.Runs.RunPage read = await Runs.List(asked, left.Token);
            if (asked == shown)
            {
                (page, failure) = (read, null);
            }
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

    private async Task Take(IReadOnlyList<RunEvent> batch)
    {
        // A change of state may move rows in, out or elsewhere: the server knows the order.
        if (batch.Any(e => e.Kind == RunEventKind.State))
        {
            await Reload();
        }

        if (page is not null && batch.Any(e => e.Kind is RunEventKind.State or RunEventKind.Round))
        {
            page = page with { Rows = [.. page.Rows.Select(r => TeamLive.Apply(r, batch))] };
            StateHasChanged();
        }
    }

    private async Task Typed(ChangeEventArgs e)
    {
        if (typing is not null)
        {
            await typing.CancelAsync();
            typing.Dispose();
        }

        typing = CancellationTokenSource.CreateLinkedTokenSource(left.Token);
        CancellationToken mine = typing.Token;
        await Task.Delay(TypingPause, Time, mine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!mine.IsCancellationRequested)
        {
            Go("search", e.Value);
        }
    }

    private void Go(string name, object? value) => Navigation.NavigateTo(Address(name, value?.ToString()), replace: true);

    /// <summary>This page's address with one condition changed; other pages of the list begin anew.</summary>
    private string Address(string name, string? value) => Navigation.GetUriWithQueryParameters(name == "skip"
        ? new Dictionary<string, object?> { ["skip"] = value == "0" ? null : value }
        : new Dictionary<string, object?> { [name] = Some(value), ["skip"] = null });

    private RenderFragment Sortable(string key, string title) => SortHead.Make(this, key, title, Filter.Sort, next => Go("sort", next));

    private async Task Command(RunRow row, RunCommand command)
    {
        if (await Commands.Execute(row, command, left.Token))
        {
            await Reload();
        }
    }

    private static string? Some(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    public async ValueTask DisposeAsync()
    {
        await left.CancelAsync();
        typing?.Dispose();
        if (live is not null)
        {
            await live.DisposeAsync();
        }

        left.Dispose();
    }
}
