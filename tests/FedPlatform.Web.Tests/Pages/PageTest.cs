using Bunit;
using FedPlatform.Web.Components;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Scheduling;
using FedPlatform.Web.Tests.Pages.Fakes;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace FedPlatform.Web.Tests.Pages;

/// <summary>A page over services in memory; the browser's side answers everything and remembers what it was asked.</summary>
public abstract class PageTest : BunitContext
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    protected PageTest(TeamRole role = TeamRole.Owner, TimeProvider? time = null)
    {
        Feed = new FakeFeed();
        Runs = new FakeRuns(Feed);
        Datasets = new FakeDatasets();
        Services.AddPageServices();
        Services.AddSingleton(time ?? TimeProvider.System);
        Services.AddSingleton<IRunFeed>(Feed);
        Services.AddSingleton<IRunService>(Runs);
        Services.AddSingleton<IDatasetService>(Datasets);
        Services.AddSingleton<IDeviceService>(new FakeDevices(Runs));
        Services.AddSingleton<ICurrentActor>(new FakeActor(role));
        Services.AddSingleton<ITokenService>(new FakeTokens());
        JSInterop.Mode = JSRuntimeMode.Loose;
        Charts = JSInterop.SetupModule("/js/charts.js");
        Charts.Mode = JSRuntimeMode.Loose;
        Line = Charts.SetupModule("line", _ => true);
        Line.Mode = JSRuntimeMode.Loose;
        foreach (string still in new[] { "heat", "bars", "swarm" })
        {
            Charts.SetupModule(still, _ => true).Mode = JSRuntimeMode.Loose;
        }

        Popovers = Render<MudPopoverProvider>();
        Render<MudDialogProvider>();
    }

    /// <summary>Where open menus are drawn.</summary>
    protected IRenderedComponent<MudPopoverProvider> Popovers { get; }

    protected FakeFeed Feed { get; }

    protected FakeRuns Runs { get; }

    protected FakeDatasets Datasets { get; }

    protected BunitJSModuleInterop Charts { get; }

    /// <summary>What every line chart was asked.</summary>
    protected BunitJSModuleInterop Line { get; }

    protected NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    protected string Address => Navigation.ToBaseRelativePath(Navigation.Uri);

    /// <summary>Asks again until it holds: also for what happens without a page being drawn anew.</summary>
    protected static void Eventually(Action assertion)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                assertion();
                return;
            }
            catch (Exception) when (Environment.TickCount64 < end)
            {
                Thread.Sleep(15);
            }
        }
    }
}
