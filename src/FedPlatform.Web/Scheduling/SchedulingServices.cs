using FedPlatform.Web.Persistence;
using FedPlatform.Web.Runs;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Quartz;

namespace FedPlatform.Web.Scheduling;

public static class SchedulingServices
{
    public static WebApplicationBuilder AddScheduling(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RunOptions>().BindConfiguration(RunOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RunOptions>, RunOptionsValidator>();
        services.AddSingleton<DeviceOptionsSetup>();
        services.AddOptions<DeviceOptions>().ValidateOnStart();
        services.AddSingleton<IConfigureOptions<DeviceOptions>>(p => p.GetRequiredService<DeviceOptionsSetup>());
        services.AddSingleton<IValidateOptions<DeviceOptions>>(p => p.GetRequiredService<DeviceOptionsSetup>());

        services.AddSingleton<DeviceRegistry>();
        services.AddSingleton<ServerAddress>();
        services.AddSingleton<AgentLauncher>();
        services.AddSingleton<RunLeases>();
        services.AddSingleton<RoundCommits>();
        services.AddSingleton<RunEnds>();
        services.AddSingleton<RunProcesses>();
        services.AddSingleton<IRunOrders>(p => p.GetRequiredService<RunProcesses>());
        services.AddSingleton<RunSupervisor>();
        services.AddSingleton<Reconciler>();
        services.AddSingleton<QuartzRunQueue>();
        services.AddSingleton<IRunQueue>(p => p.GetRequiredService<QuartzRunQueue>());
        services.AddSingleton<HostLoadReader>();
        services.AddScoped<IDeviceService, DeviceService>();

        services.AddSingleton<RunLog>();
        services.AddHostedService(p => p.GetRequiredService<RunLog>());
        services.AddQuartz(quartz =>
        {
            // Jobs only wait for their processes: a thread for every slot, and the execution groups decide how many run.
            quartz.UseDefaultThreadPool(Slots(builder.Configuration) + 1);
            quartz.UsePersistentStore(store =>
            {
                store.UseSqlite(Connection(builder.Configuration));
                store.ProvisionSchema();
            });
            quartz.UseExecutionLimits((provider, limits) =>
            {
                foreach (var (device, slots) in provider.GetRequiredService<DeviceRegistry>().Slots)
                {
                    limits.ForGroup(QuartzRunQueue.GroupOf(device), slots);
                }
            });
        });

        // After the log: stopped before it, so that the last lines of a process are written.
        services.AddHostedService<SchedulerHost>();
        return builder;
    }

    private static int Slots(ConfigurationManager configuration)
    {
        var options = new DeviceOptions();
        new DeviceOptionsSetup(configuration).Configure(options);
        return options.Slots.Values.Sum();
    }

    /// <summary>Quartz has a file of its own: its transactions never wait for ours.</summary>
    private static string Connection(ConfigurationManager configuration)
    {
        var storage = configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var layout = new StorageLayout(Options.Create(storage));
        return new SqliteConnectionStringBuilder { DataSource = layout.SchedulerDatabase, DefaultTimeout = 30 }.ToString();
    }
}
