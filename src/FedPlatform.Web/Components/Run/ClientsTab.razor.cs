using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Charts;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Run;

/// <summary>Every client, the worst first.</summary>
public sealed partial class ClientsTab
{
    /// <summary>Rounds whose clients are read for the small curves: a bound on memory, not on the run.</summary>
    private const int Window = 60;

    private readonly Dictionary<int, List<double?>> history = [];
    private readonly Dictionary<int, double> losses = [];
    private List<Line> lines = [];
    private RoundReport? drawn;
    private HeatData? heat;
    private bool counts;
    private bool whole = true;
    private int heatHeight = 260;
    private int shown = 100;

    [Parameter, EditorRequired]
    public RunLive Live { get; set; } = default!;

    [SupplyParameterFromQuery]
    private string? Sort { get; set; }

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    private string BestTitle => whole ? "Best PM of any evaluated round" : $"Best PM of the last {Window} rounds";

    private IEnumerable<Line> Sorted => (Sort ?? "pm") switch
    {
        "id" => lines.OrderBy(l => l.Id),
        "-id" => lines.OrderByDescending(l => l.Id),
        "samples" => lines.OrderBy(l => l.Samples),
        "-samples" => lines.OrderByDescending(l => l.Samples),
        "-pm" => lines.OrderByDescending(l => l.Pm ?? double.MinValue),
        _ => lines.OrderBy(l => l.Pm ?? double.MaxValue),
    };

    protected override async Task OnInitializedAsync()
    {
        int from = Math.Max(0, Live.Summary.Round - Window);
        whole = from == 0;
        foreach (RoundReport round in await Runs.Rounds(Live.Id, from, RoundContent.Full, CancellationToken.None) ?? [])
        {
            Remember(round);
        }

        Build();
    }

    protected override void OnParametersSet()
    {
        if (drawn is not null && Live.Latest is { } latest && !ReferenceEquals(latest, drawn))
        {
            if (latest.Round > drawn.Round)
            {
                Remember(latest);
            }

            Build();
        }
    }

    private void Remember(RoundReport round)
    {
        foreach (ClientReport client in round.Clients)
        {
            if (!history.TryGetValue(client.Id, out List<double?>? past))
            {
                history[client.Id] = past = [];
            }

            if (client.Pm is not null)
            {
                past.Add(client.Pm);
            }

            if (client.Loss is { } loss)
            {
                losses[client.Id] = loss;
            }
        }
    }

    private void Build()
    {
        if (Live.Latest is not { } latest || Live.Partition is not { } data)
        {
            return;
        }

        drawn = latest;
        IReadOnlyList<string> groups = Groups(data);
        lines = [.. latest.Clients.Select(c =>
        {
            List<double?> past = history.GetValueOrDefault(c.Id) ?? [];
            IReadOnlyList<int> held = data.Counts[c.Id];
            int total = held.Sum();
            return new Line(
                c.Id,
                c.Samples,
                c.Selected,
                total == 0 ? null : (double)held.Where((_, k) => groups[k] == "head").Sum() / total,
                losses.TryGetValue(c.Id, out double loss) ? loss : null,
                c.Pm,
                past.Max(),
                c.Pm - latest.Pm,
                past.TakeLast(Window).ToArray());
        })];
        DrawHeat();
    }

    private void DrawHeat()
    {
        if (drawn is null || Live.Partition is not { } data)
        {
            return;
        }

        int[] rows = [.. Sorted.Select(l => l.Id)], columns = BarsData.Order(data.ClassCounts);
        IReadOnlyList<string> groups = Groups(data);
        var reports = drawn.Clients.ToDictionary(c => c.Id);
        heatHeight = Math.Clamp(80 + 18 * rows.Length, 200, 800);
        heat = new HeatData(
            [.. rows.Select(Show.Client)],
            [.. columns.Select(c => data.ClassNames[c])],
            [.. rows.SelectMany(k => columns.Select(c => counts ? data.Counts[k][c] : reports[k].PerClass.ElementAtOrDefault(c)))])
        {
            Label = counts ? "Training samples of each client and class" : "Local accuracy of each client and class",
            RowTitle = "client",
            Format = counts ? "count" : "percent",
            Unit = counts ? "samples" : null,
            Scale = counts ? "sqrt" : "linear",
            Max = counts ? null : 1,
            Groups = [.. columns.Select(c => groups[c])],
            Height = heatHeight,
        };
    }

    private void Choose(bool showCounts)
    {
        counts = showCounts;
        DrawHeat();
    }

    private IReadOnlyList<string> Groups(PartitionReport data) =>
        Live.Detail.Spec.Evaluation.GroupRule == "cumulative" ? data.GroupsByCumulative : data.GroupsByCounts;

    private RenderFragment Sortable(string key, string title) => SortHead.Make(this, key, title, Sort ?? "pm", next =>
    {
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("sort", next), replace: true);
        Sort = next;
        DrawHeat();
    });

    private sealed record Line(int Id, int Samples, bool Selected, double? HeadShare, double? Loss, double? Pm, double? Best, double? Delta, IReadOnlyList<double?> History);
}
