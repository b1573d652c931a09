namespace FedPlatform.Web.Runs;

public static class RunServices
{
    public static WebApplicationBuilder AddRuns(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RunCreationService>();
        builder.Services.AddSingleton<RunArtifacts>();
        builder.Services.AddScoped<IRunService, RunService>();
        return builder;
    }
}
