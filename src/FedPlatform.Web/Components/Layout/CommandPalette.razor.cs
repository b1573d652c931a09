using FedPlatform.Contracts.Runs;
using FedPlatform.Datasets;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using MudBlazor;

namespace FedPlatform.Web.Components.Layout;

/// <summary>Ctrl+K: one field that jumps anywhere and commands any run.</summary>
public sealed partial class CommandPalette
{
    private const int MostShown = 12;

    private static readonly (string Title, string Href, string Icon)[] Places =
    [
        ("New run", "/runs/new", Icons.Material.Rounded.Add),
        ("Dashboard", "/", Icons.Material.Rounded.SpaceDashboard),
        ("Runs", "/runs", Icons.Material.Rounded.Timeline),
        ("Data sets", "/datasets", Icons.Material.Rounded.GridView),
        ("Queue and devices", "/queue", Icons.Material.Rounded.Memory),
        ("Settings", "/settings", Icons.Material.Rounded.Settings),
    ];

    private readonly List<Entry> all = [];
    private List<Entry> shown = [];
    private ElementReference input;
    private string query = "";
    private int at;

    [Parameter]
    public EventCallback OnClose { get; set; }

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private IDatasetService Datasets { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private RunCommands Commands { get; set; } = default!;

    protected override async Task OnInitializedAsync()
    {
        all.AddRange(Places.Select(p => new Entry(p.Title, "page", p.Icon, () => Go(p.Href))));
        Choose();
        RunPage runs = await Runs.List(new RunFilter { Take = 200 }, CancellationToken.None);
        foreach (RunRow run in runs.Rows)
        {
            all.Add(new Entry(run.Name, $"run · {run.Summary.State}", Icons.Material.Rounded.Timeline, () => Go($"/runs/{run.Id}")));
        }

        foreach (DatasetListing listing in await Datasets.List(CancellationToken.None))
        {
            all.Add(new Entry(listing.Title, "data set", Icons.Material.Rounded.GridView, () => Go($"/datasets/{listing.Key}")));
        }

        foreach (RunRow run in runs.Rows)
        {
            foreach (RunCommand command in Enum.GetValues<RunCommand>().Where(c => RunCommands.Allows(run.Summary.State, c)))
            {
                all.Add(new Entry($"{command} {run.Name}", "command", Icons.Material.Rounded.Bolt, () => Commands.Execute(run, command)));
            }

            all.Add(new Entry($"Clone {run.Name}", "command", Icons.Material.Rounded.ContentCopy, () => Go($"/runs/new?clone={run.Id}")));
        }

        Choose();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            await input.FocusAsync();
        }
    }

    private void Typed(ChangeEventArgs e)
    {
        query = e.Value?.ToString() ?? "";
        at = 0;
        Choose();
    }

    private void Choose()
    {
        string[] words = query.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        shown = [.. all
            .Where(e => words.All(w => e.Title.Contains(w, StringComparison.OrdinalIgnoreCase) || e.Hint.Contains(w, StringComparison.OrdinalIgnoreCase)))
            .OrderByDescending(e => query.Length > 0 && e.Title.StartsWith(query, StringComparison.OrdinalIgnoreCase))
            .Take(MostShown)];
        at = Math.Clamp(at, 0, Math.Max(0, shown.Count - 1));
    }

    private async Task Key(KeyboardEventArgs e)
    {
        switch (e.Key)
        {
            case "ArrowDown":
                at = Math.Min(at + 1, shown.Count - 1);
                break;
            case "ArrowUp":
                at = Math.Max(at - 1, 0);
                break;
            case "Enter" when shown.Count > 0:
                await Run(shown[at]);
                break;
            case "Escape":
                await OnClose.InvokeAsync();
                break;
        }
    }

    private async Task Run(Entry entry)
    {
        await OnClose.InvokeAsync();
        await entry.Act();
    }

    private Task Go(string href)
    {
        Navigation.NavigateTo(href);
        return Task.CompletedTask;
    }

    private sealed record Entry(string Title, string Hint, string Icon, Func<Task> Act);
}
