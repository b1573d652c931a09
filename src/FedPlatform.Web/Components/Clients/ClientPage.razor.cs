using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Charts;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Clients;

/// <summary>One client of one run: does taking part help it, and for which classes?</summary>
public sealed partial class ClientPage : IAsyncDisposable
{
    private static readonly LineSeries[] PmSeries =
    [
        new("this client", "--pm", Dash: true, Width: 2.25, Best: true), new("mean", "--gm", Width: 1.25), new("10 %", "--before", Width: 0.75), new("90 %", "--before", Width: 0.75),
    ];

    private static readonly LineBand[] PmBands = [new(2, 3, "--before")];
    private static readonly LineSeries[] NormSeries = [new("update norm", "--gm")];
    private static readonly LineSeries[] CosineSeries = [new("cosine", "--cls")];

    private readonly CancellationTokenSource left = new();
    private RunDetail? detail;
    private ClientHistory? history;
    private PartitionReport? partition;
    private ClientReport? last;
    private ClientVerdict? verdict;
    private IReadOnlyList<ClientClass> classes = [];
    private ThrottledFeed? events;
    private LineChart? pm;
    private LineChart? norm;
    private LineChart? cosine;
    private (Guid, int) opened;
    private double? mean;
    private int lastRound;
    private bool missing;
    private string? failure;

    [Parameter]
    public Guid Id { get; set; }

    [Parameter]
    public int Client { get; set; }

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private IRunFeed Feed { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Inject]
    private ILogger<ClientPage> Logger { get; set; } = default!;

    protected override async Task OnParametersSetAsync()
    {
        if (opened == (Id, Client))
        {
            return;
        }

        opened = (Id, Client);
        (missing, failure) = (false, null);
        try
        {
            await Read();
            if (detail is not null && events is null)
            {
                events = new ThrottledFeed((after, ct) => Feed.Subscribe(Id, after, ct), batch => InvokeAsync(() => Take(batch)), Time, Logger);
                events.Start(detail.Sequence);
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

    private async Task Read()
    {
        detail = await Runs.Find(Id, left.Token);
        history = detail is null ? null : await Runs.Client(Id, Client, left.Token);
        // A run that has not begun has no history, but its clients are known by number.
        if (history is null && detail is not null && Client >= 0 && Client < detail.Row.Clients && detail.Row.Summary.Round == 0)
        {
            history = new ClientHistory { Id = Client, Samples = 0, Rounds = [], Reports = [], MeanPm = [], LowPm = [], HighPm = [], MeanPerClass = [] };
        }

        missing = detail is null || history is null;
        if (detail is null || history is null)
        {
            return;
        }

        partition = await Runs.Partition(Id, left.Token);
        RoundReport? generic = await Runs.LastEvaluated(Id, left.Token);
        int at = Enumerable.Range(0, history.Reports.Count).LastOrDefault(i => history.Reports[i].Pm is not null, -1);
        last = at < 0 ? null : history.Reports[at];
        lastRound = at < 0 ? 0 : history.Rounds[at];
        mean = at < 0 ? null : history.MeanPm.ElementAtOrDefault(at);
        classes = partition is null || last is null ? [] : Classes(partition, last, generic, history);
        verdict = ClientVerdict.From(last, history.Reports.FirstOrDefault(r => r.Pm is not null), classes);
    }

    private IReadOnlyList<ClientClass> Classes(PartitionReport data, ClientReport report, RoundReport? generic, ClientHistory past)
    {
        IReadOnlyList<string> groups = Groups(data);
        return [.. BarsData.Order(data.ClassCounts).Select(c => new ClientClass(
            c,
            data.ClassNames[c],
            groups[c],
            data.Counts[Client][c],
            data.LocalTestCounts[Client][c],
            report.PerClass.ElementAtOrDefault(c),
            generic is { PerClass.Count: > 0 } ? generic.PerClass[c] : null,
            past.MeanPerClass.ElementAtOrDefault(c)))];
    }

    private IReadOnlyList<string> Groups(PartitionReport data) =>
        detail!.Spec.Evaluation.GroupRule == "cumulative" ? data.GroupsByCumulative : data.GroupsByCounts;

    private async Task Take(IReadOnlyList<RunEvent> batch)
    {
        if (batch.All(e => e.Kind == RunEventKind.Progress || e.Kind == RunEventKind.Log))
        {
            return;
        }

        int known = history?.Rounds.Count ?? 0;
        bool drawn = verdict is not null;
        await Read();
        if (drawn && history is not null)
        {
            foreach (int i in Enumerable.Range(0, history.Rounds.Count).Skip(known))
            {
                await Append(pm, PmPoint(i));
                await Append(norm, NormPoint(i));
                await Append(cosine, CosinePoint(i));
            }
        }

        StateHasChanged();
    }

    private static async Task Append(LineChart? chart, double?[]? point)
    {
        if (chart is not null && point is not null)
        {
            await chart.Append(point);
        }
    }

    private double?[]? PmPoint(int i) => history!.Reports[i].Pm is { } own ? [history.Rounds[i], own, history.MeanPm[i], history.LowPm[i], history.HighPm[i]] : null;

    private double?[]? NormPoint(int i) => history!.Reports[i].UpdateNorm is { } value ? [history.Rounds[i], value] : null;

    private double?[]? CosinePoint(int i) => history!.Reports[i].UpdateCosine is { } value ? [history.Rounds[i], value] : null;

    private IEnumerable<double?[]> PmPoints() => All(PmPoint);

    private IEnumerable<double?[]> NormPoints() => All(NormPoint);

    private IEnumerable<double?[]> CosinePoints() => All(CosinePoint);

    private IEnumerable<double?[]> All(Func<int, double?[]?> point) => Enumerable.Range(0, history?.Rounds.Count ?? 0).Select(point).OfType<double?[]>();

    public async ValueTask DisposeAsync()
    {
        await left.CancelAsync();
        if (events is not null)
        {
            await events.DisposeAsync();
        }

        left.Dispose();
    }
}
