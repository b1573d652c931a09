using FedPlatform.Web.Api;
using FedPlatform.Web.Components;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Scheduling;
using Microsoft.AspNetCore.Connections;

// appsettings.json and wwwroot lie beside the executable; the data folder is the current directory's.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.WebHost.UseStaticWebAssets();

builder.AddPersistence();
builder.AddRealtime();
builder.AddDatasets();
builder.AddRuns();
builder.AddScheduling();
builder.AddIdentityAndTeams();
builder.AddApi();
builder.AddDashboard();

await using var app = builder.Build();
if (!await app.OpenStorage())
{
    return 1;
}

app.UseSecurityHeaders();
app.UseApiProblems();
app.UseDashboardErrors();

// After the error pages: an unknown address is routed once more, to the page that says so.
app.UseRouting();
app.UseAuthentication();
app.UseAuthorization();
app.UseRateLimiter();
app.UseAntiforgery();

app.MapStaticAssets().AllowAnonymous();
app.MapSignIn();
app.MapApi();
app.MapAgentApi();
app.MapHubs();
app.MapDashboard();

try
{
    await app.StartAsync();
}
catch (IOException e) when (e.InnerException is AddressInUseException)
{
    await Console.Error.WriteLineAsync($"FedPlatform cannot start:\n  {e.Message} Choose another one with --urls.");
    await app.StopAsync();
    return 1;
}

await app.WaitForShutdownAsync();
return 0;
