using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;
using MudBlazor;

namespace FedPlatform.Web.Components.Layout;

/// <summary>The shell around every page: rail, top bar, search, shortcuts.</summary>
public sealed partial class MainLayout : IAsyncDisposable
{
    // Colours come from app.css; here only what css variables cannot say.
    private readonly MudTheme theme = new()
    {
        Typography = new Typography { Default = new DefaultTypography { FontFamily = ["Inter", "system-ui", "sans-serif"], FontSize = "14px", LineHeight = "20px" } },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
    };

    private DotNetObjectReference<MainLayout>? self;
    private ErrorBoundary? boundary;
    private bool drawer;
    private bool palette;
    private bool help;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IJSRuntime JS { get; set; } = default!;

    private string SkipTarget => new Uri(Navigation.Uri).PathAndQuery + "#content";

    protected override void OnInitialized() => Navigation.LocationChanged += Moved;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            self = DotNetObjectReference.Create(this);
            await JS.InvokeVoidAsync("fpShell.connect", self);
        }
    }

    /// <summary>A key that belongs to the whole shell was pressed.</summary>
    [JSInvokable]
    public void Shortcut(string name)
    {
        switch (name)
        {
            case "new":
                Navigation.NavigateTo("/runs/new");
                break;
            case "help":
                help = !help;
                break;
            default:
                palette = !palette;
                break;
        }

        StateHasChanged();
    }

    private void OpenPalette() => palette = true;

    private void CloseDrawer() => drawer = false;

    private void Moved(object? sender, LocationChangedEventArgs e)
    {
        boundary?.Recover();
        drawer = palette = help = false;
        _ = InvokeAsync(StateHasChanged);
    }

    public ValueTask DisposeAsync()
    {
        Navigation.LocationChanged -= Moved;
        self?.Dispose();
        return ValueTask.CompletedTask;
    }
}
