using FedPlatform.Data.Queries;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Web.Tests.Persistence;

/// <summary>What SQLite answers on a full disk, without filling one: the last word of a run is written all the same.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly PlatformServer server = new(new Dictionary<string, string?> { ["Storage:MinimumFreeBytes"] = "0", ["Agent:Path"] = "/no/such/agent.dll" });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private string Reserve => Path.Combine(server.Folder.Path, "data", "reserve");

    private DatabaseWriter Writer => server.Services.GetRequiredService<DatabaseWriter>();

    [Fact]
    public async Task What_is_essential_is_written_with_the_room_kept_in_reserve()
    {
        Assert.Equal(4 << 20, new FileInfo(Reserve).Length);

        int written = await Writer.WriteEssential(_ => File.Exists(Reserve) ? throw Full() : Task.FromResult(7), CancellationToken.None);

        Assert.Equal(7, written);
        Assert.False(File.Exists(Reserve));
        await Assert.ThrowsAsync<SqliteException>(() => Writer.WriteEssential<int>(_ => throw Full(), CancellationToken.None));

        server.Services.GetRequiredService<DiskReserve>().Keep();
        Assert.True(File.Exists(Reserve));
    }

    [Fact]
    public async Task Everything_else_leaves_the_reserve_alone()
    {
        await Assert.ThrowsAsync<SqliteException>(() => Writer.Write<int>(_ => throw Full(), CancellationToken.None));

        Assert.True(File.Exists(Reserve));
    }

    [Fact]
    public async Task Log_lines_that_cannot_be_written_wait_and_end_nothing()
    {
        var log = server.Services.GetRequiredService<RunLog>();
        var id = await server.Http.CreateRun(ApiClient.Spec("Full disk"));
        await Waiting.Until(() => server.Http.Run(id), run => run.GetProperty("state").GetString() == "Failed");
        await log.Flush(CancellationToken.None);
        await server.Query(db => db.Database.ExecuteSqlRawAsync("CREATE TRIGGER no_room BEFORE INSERT ON Events BEGIN SELECT RAISE(ABORT, 'no room'); END"));

        log.Add(id, "info", "kept for later");
        await log.Flush(CancellationToken.None);
        Assert.DoesNotContain("kept for later", await Lines(id));

        await server.Query(db => db.Database.ExecuteSqlRawAsync("DROP TRIGGER no_room"));
        await log.Flush(CancellationToken.None);
        Assert.Single(await Lines(id), "kept for later");
    }

    private async Task<IReadOnlyList<string?>> Lines(Guid run) =>
        [.. (await server.Query(db => db.StoredEvents(run, 0, long.MaxValue, 1000, CancellationToken.None))).Select(e => e.Log?.Text)];

    private static SqliteException Full() => new("database or disk is full", 13);
}
