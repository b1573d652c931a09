using System.Globalization;
using FedPlatform.Datasets;
using FedPlatform.Web.Components.Charts;
using FedPlatform.Web.Components.NewRun;
using FedPlatform.Web.Datasets;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace FedPlatform.Web.Components.Datasets;

/// <summary>One data set: what it is, how much of it there is, what its pictures look like.</summary>
public sealed partial class DatasetPage : IDisposable
{
    private readonly CancellationTokenSource left = new();
    private DatasetListing? listing;
    private SampleGrid? grid;
    private ElementReference canvas;
    private string? opened;
    private string? failure;
    private bool loaded;
    private bool drawn;
    private int scale = 2;

    [Parameter]
    public string Key { get; set; } = "";

    [Inject]
    private IDatasetService Datasets { get; set; } = default!;

    [Inject]
    private ChartModule Charts { get; set; } = default!;

    private string? Preset => NewRun.Preset.All.FirstOrDefault(p => p.Spec.Dataset == Key)?.Key;

    protected override async Task OnParametersSetAsync()
    {
        if (opened == Key)
        {
            return;
        }

        opened = Key;
        (listing, grid, failure, loaded, drawn) = (null, null, null, false, false);
        try
        {
            listing = (await Datasets.List(left.Token)).FirstOrDefault(l => l.Key == Key);
            loaded = true;
            StateHasChanged();
            if (listing?.Info is { } info)
            {
                // Small pictures are drawn larger; all rows stay about as wide.
                scale = info.Shape.Height <= 8 ? 5 : info.Shape.Height <= 16 ? 3 : info.ClassNames.Count > 20 ? 1 : 2;
                grid = await Datasets.Samples(Key, 15, left.Token);
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

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (grid is not null && !drawn && listing?.Info is not null)
        {
            drawn = true;
            IJSObjectReference module = await Charts.Get();
            await module.InvokeVoidAsync("pictures", left.Token, canvas, grid.Pixels, grid.Shape.Channels, grid.Shape.Height, grid.Shape.Width, grid.Rows, grid.Columns, scale);
        }
    }

    private string N(int count) => (100.0 * count / Math.Max(1, listing!.Info!.TrainCounts.Max())).ToString("0.#", CultureInfo.InvariantCulture);

    public void Dispose()
    {
        left.Cancel();
        left.Dispose();
    }
}
