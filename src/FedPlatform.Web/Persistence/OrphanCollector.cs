using FedPlatform.Data;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Persistence;

/// <summary>
/// Once an hour deletes checkpoint files that no row names and that are older than a day: left by a process that died
/// between its file and its commit.
/// </summary>
public sealed partial class OrphanCollector(
    IDbContextFactory<PlatformContext> contexts, StorageLayout layout, TimeProvider time, ILogger<OrphanCollector> log) : BackgroundService
{
    private static readonly TimeSpan Age = TimeSpan.FromHours(24);

    /// <returns>Files deleted.</returns>
    public async Task<int> Collect(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(layout.Runs))
        {
            return 0;
        }

        var deleted = 0;
        foreach (var folder in Directory.EnumerateDirectories(layout.Runs))
        {
            if (!Guid.TryParseExact(Path.GetFileName(folder), "N", out var run))
            {
                continue;
            }

            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            var named = (await db.Checkpoints.AsNoTracking().Where(c => c.RunId == run).Select(c => c.Name).ToListAsync(cancellationToken)).ToHashSet();
            foreach (var file in Directory.EnumerateFiles(folder, "checkpoint-*"))
            {
                if (!named.Contains(Path.GetFileName(file)) && time.GetUtcNow() - File.GetLastWriteTimeUtc(file) > Age)
                {
                    File.Delete(file);
                    deleted++;
                }
            }
        }

        if (deleted > 0)
        {
            LogDeleted(log, deleted);
        }

        return deleted;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        do
        {
            try
            {
                await Collect(stoppingToken);
            }
            catch (Exception e) when (e is IOException or System.Data.Common.DbException)
            {
                LogFailed(log, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Count} orphaned checkpoint files")]
    private static partial void LogDeleted(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Orphaned checkpoint files could not be collected")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
