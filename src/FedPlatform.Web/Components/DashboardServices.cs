using FedPlatform.Web.Components.Charts;
using FedPlatform.Web.Components.Shared;
using MudBlazor;
using MudBlazor.Services;

namespace FedPlatform.Web.Components;

/// <summary>The browser's side of the server: pages over one circuit a tab, and what they need.</summary>
public static class DashboardServices
{
    private static readonly PathString[] Machines = ["/api", "/agent", "/hubs", "/_blazor", "/_framework"];

    public static IHostApplicationBuilder AddDashboard(this IHostApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents(options =>
        {
            // A laptop that sleeps for a few minutes finds its page as it was left.
            options.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(5);
            options.DisconnectedCircuitMaxRetained = 50;
        });
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddHttpContextAccessor();
        AddPageServices(builder.Services);
        return builder;
    }

    /// <summary>What pages inject beside the platform's own services; tests of pages register the same.</summary>
    public static IServiceCollection AddPageServices(this IServiceCollection services)
    {
        services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            options.SnackbarConfiguration.VisibleStateDuration = 5000;
            options.SnackbarConfiguration.ShowTransitionDuration = 100;
            options.SnackbarConfiguration.HideTransitionDuration = 100;
        });
        services.AddScoped<ChartModule>();
        services.AddScoped<RunCommands>();
        return services;
    }

    /// <summary>People get pages for errors and unknown addresses; programs get what the API answers.</summary>
    public static void UseDashboardErrors(this IApplicationBuilder app) => app.UseWhen(
        context => context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            && !Machines.Any(prefix => context.Request.Path.StartsWithSegments(prefix, StringComparison.Ordinal)),
        pages =>
        {
            pages.UseExceptionHandler("/error");
            pages.UseStatusCodePagesWithReExecute("/not-found");
        });

    public static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapRazorComponents<App>().AddInteractiveServerRenderMode();
}
