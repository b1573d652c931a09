using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace FedPlatform.Data;

/// <summary>How the platform opens its SQLite file.</summary>
public static class PlatformDatabase
{
    /// <summary>Seconds a connection waits for another one's write.</summary>
    private const int BusySeconds = 30;

    public static void Configure(DbContextOptionsBuilder options, string file) => options
        .UseSqlite(ConnectionString(file))
        .AddInterceptors(DurableConnections.Instance);

    /// <summary>Brings the file to the newest schema, creating it when it is missing.</summary>
    public static async Task Migrate(PlatformContext context, CancellationToken cancellationToken)
    {
        await context.Database.MigrateAsync(cancellationToken);
        await context.Database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL;", cancellationToken);
    }

    private static string ConnectionString(string file) => new SqliteConnectionStringBuilder
    {
        DataSource = file,
        Mode = SqliteOpenMode.ReadWriteCreate,
        ForeignKeys = true,
        DefaultTimeout = BusySeconds,
        Pooling = true,
    }.ToString();

    /// <summary>A committed round survives the loss of power: every connection syncs fully.</summary>
    private sealed class DurableConnections : DbConnectionInterceptor
    {
        public static DurableConnections Instance { get; } = new();

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Prepare(connection);

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Prepare(connection);
            return Task.CompletedTask;
        }

        private static void Prepare(DbConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 30000; PRAGMA synchronous = FULL;";
            command.ExecuteNonQuery();
        }
    }
}

/// <summary>For <c>dotnet ef migrations add</c> only.</summary>
public sealed class PlatformContextFactory : IDesignTimeDbContextFactory<PlatformContext>
{
    public PlatformContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PlatformContext>();
        PlatformDatabase.Configure(options, "design.db");
        return new PlatformContext(options.Options);
    }
}
