using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace FedPlatform.Web.Components.Charts;

/// <summary>Curves over rounds. The series go to the browser once; afterwards one point a round.</summary>
public sealed partial class LineChart : IAsyncDisposable
{
    private readonly Queue<double?[]> early = [];
    private ElementReference host;
    private IJSObjectReference? chart;
    private bool disposed;

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter]
    public string? Better { get; set; }

    [Parameter]
    public RenderFragment? Subtitle { get; set; }

    [Parameter]
    public string? Class { get; set; }

    /// <summary><c>percent</c>, <c>seconds</c> or <c>number</c>.</summary>
    [Parameter]
    public string Format { get; set; } = "percent";

    [Parameter]
    public int Height { get; set; } = 220;

    /// <summary>The axis never goes below it.</summary>
    [Parameter]
    public double Min { get; set; }

    [Parameter, EditorRequired]
    public IReadOnlyList<LineSeries> Series { get; set; } = [];

    [Parameter]
    public IReadOnlyList<LineBand> Bands { get; set; } = [];

    /// <summary>Called once, when the chart is made: a row a point, x first, then one value a series.</summary>
    [Parameter, EditorRequired]
    public Func<IEnumerable<double?[]>> Points { get; set; } = () => [];

    [Parameter]
    public string? Empty { get; set; }

    [Inject]
    private ChartModule Module { get; set; } = default!;

    protected override bool ShouldRender() => chart is null;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        IJSObjectReference module = await Module.Get();
        double?[][] points = [.. Points()];
        var made = await module.InvokeAsync<IJSObjectReference>("line", host, new
        {
            name = Title,
            format = Format,
            height = Height,
            min = Min,
            empty = Empty,
            x = points.Select(p => p[0]),
            y = Enumerable.Range(1, Series.Count).Select(s => points.Select(p => p[s])),
            series = Series,
            bands = Bands,
        });
        if (disposed)
        {
            await Release(made);
            return;
        }

        chart = made;
        // Rounds that were committed while the chart was being made; the browser skips what it has.
        while (early.TryDequeue(out double?[]? point))
        {
            await chart.InvokeVoidAsync("append", (object)point);
        }
    }

    /// <summary>One more point: x, then one value a series.</summary>
    public async Task Append(double?[] point)
    {
        if (chart is null)
        {
            early.Enqueue(point);
            return;
        }

        await chart.InvokeVoidAsync("append", (object)point);
    }

    public async ValueTask DisposeAsync()
    {
        disposed = true;
        if (chart is not null)
        {
            await Release(chart);
        }
    }

    private static async Task Release(IJSObjectReference chart)
    {
        try
        {
            await chart.InvokeVoidAsync("dispose");
            await chart.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The tab is gone, and the chart with it.
        }
    }
}
