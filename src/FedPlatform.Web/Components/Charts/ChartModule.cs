using Microsoft.JSInterop;

namespace FedPlatform.Web.Components.Charts;

/// <summary>js/charts.js, loaded once a circuit when the first chart needs it.</summary>
public sealed class ChartModule(IJSRuntime js) : IAsyncDisposable
{
    private Task<IJSObjectReference>? module;

    public Task<IJSObjectReference> Get() => module ??= js.InvokeAsync<IJSObjectReference>("import", "/js/charts.js").AsTask();

    public async ValueTask DisposeAsync()
    {
        if (module is { IsCompletedSuccessfully: true })
        {
            try
            {
                await module.Result.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The tab is gone, and its module with it.
            }
        }
    }
}
