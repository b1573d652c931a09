using FedPlatform.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Persistence;

public static class PersistenceServices
{
    public static WebApplicationBuilder AddPersistence(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>();
        services.AddSingleton<StorageLayout>();
        services.AddSingleton<StorageLock>();
        services.AddSingleton(TimeProvider.System);
        services.AddDbContextFactory<PlatformContext>((provider, options) =>
            PlatformDatabase.Configure(options, provider.GetRequiredService<StorageLayout>().Database));
        services.AddSingleton<DatabaseWriter>();
        services.AddHostedService<OrphanCollector>();

        // Cookies and antiforgery tokens outlive a restart.
        services.AddDataProtection().SetApplicationName("FedPlatform");
        services.AddOptions<Microsoft.AspNetCore.DataProtection.KeyManagement.KeyManagementOptions>()
            .Configure<StorageLayout, ILoggerFactory>((keys, layout, logs) =>
                keys.XmlRepository = new Microsoft.AspNetCore.DataProtection.Repositories.FileSystemXmlRepository(
                    Directory.CreateDirectory(layout.Keys), logs));
        return builder;
    }

    /// <summary>Checks the options, takes the storage for this server and brings the database to the newest schema.</summary>
    public static async Task OpenStorage(this WebApplication app, CancellationToken cancellationToken = default)
    {
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        app.Services.GetRequiredService<StorageLock>();
        var layout = app.Services.GetRequiredService<StorageLayout>();
        Directory.CreateDirectory(layout.Runs);
        await using var scope = app.Services.CreateAsyncScope();
        await using var db = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<PlatformContext>>().CreateDbContextAsync(cancellationToken);
        await PlatformDatabase.Migrate(db, cancellationToken);
    }
}
