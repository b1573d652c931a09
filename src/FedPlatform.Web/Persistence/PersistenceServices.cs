using FedPlatform.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Data.Sqlite;
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
        services.AddSingleton<DiskReserve>();
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

    /// <summary>Checks every option, takes the storage for this server and brings the database to the newest schema.</summary>
    /// <returns>False when the server cannot start: what is wrong has been said on standard error, all of it.</returns>
    public static async Task<bool> OpenStorage(this WebApplication app, CancellationToken cancellationToken = default)
    {
        try
        {
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            app.Services.GetRequiredService<StorageLock>();
            var layout = app.Services.GetRequiredService<StorageLayout>();
            Directory.CreateDirectory(layout.Runs);
            await using var db = await app.Services.GetRequiredService<IDbContextFactory<PlatformContext>>().CreateDbContextAsync(cancellationToken);
            await PlatformDatabase.Migrate(db, cancellationToken);
            app.Services.GetRequiredService<DiskReserve>().Keep();
            return true;
        }
        catch (Exception e) when (e is OptionsValidationException or StorageInUseException or AggregateException or SqliteException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("FedPlatform cannot start:");
            foreach (var message in Messages(e))
            {
                Console.Error.WriteLine("  " + message);
            }

            return false;
        }
    }

    private static IEnumerable<string> Messages(Exception e) => e switch
    {
        AggregateException all => all.InnerExceptions.SelectMany(Messages),
        OptionsValidationException options => options.Failures,
        SqliteException sqlite => [$"The database of Storage:Root cannot be opened: {sqlite.Message} Is the disk full, or the file damaged? It was left as it is."],
        _ => [e.Message],
    };
}
