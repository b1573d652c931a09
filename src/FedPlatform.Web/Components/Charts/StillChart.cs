using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace FedPlatform.Web.Components.Charts;

/// <summary>A picture of one moment: drawn when its data change, never otherwise.</summary>
public abstract class StillChart<TData> : ComponentBase, IAsyncDisposable
    where TData : class
{
    private IJSObjectReference? chart;
    private TData? drawn;
    private bool making;
    private bool disposed;

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter]
    public string? Better { get; set; }

    [Parameter]
    public RenderFragment? Subtitle { get; set; }

    [Parameter]
    public RenderFragment? Controls { get; set; }

    [Parameter]
    public string? Class { get; set; }

    [Parameter]
    public int Height { get; set; } = 260;

    /// <summary>Null: nothing to show yet.</summary>
    [Parameter, EditorRequired]
    public TData? Data { get; set; }

    /// <summary>Said in place of a picture when there are no data.</summary>
    [Parameter]
    public string Empty { get; set; } = "Nothing measured yet.";

    [Inject]
    private ChartModule Module { get; set; } = default!;

    protected ElementReference Host { get; set; }

    /// <summary>The function of js/charts.js that makes the chart.</summary>
    protected abstract string Maker { get; }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            making = true;
            IJSObjectReference module = await Module.Get();
            var made = await module.InvokeAsync<IJSObjectReference>(Maker, Host, Title, Height);
            making = false;
            if (disposed)
            {
                await Release(made);
                return;
            }

            chart = made;
        }

        if (!making && chart is not null && Data is not null && !ReferenceEquals(drawn, Data))
        {
            drawn = Data;
            await chart.InvokeVoidAsync("set", drawn);
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
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
