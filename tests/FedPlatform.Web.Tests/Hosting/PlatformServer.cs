using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Data;
using FedPlatform.Data.Identity;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Persistence;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Web.Tests.Hosting;

/// <summary>A whole server in this process on a port of its own, with a storage root of its own.</summary>
public class PlatformServer : IAsyncDisposable
{
    private readonly Factory _factory;
    private int _emails;

    public PlatformServer()
        : this(new Dictionary<string, string?>())
    {
    }

    public PlatformServer(IDictionary<string, string?> settings, TimeProvider? time = null, TemporaryFolder? folder = null)
    {
        Folder = folder ?? new TemporaryFolder();
        var all = new Dictionary<string, string?>
        {
            ["Storage:Root"] = Path.Combine(Folder.Path, "data"),
            ["Bootstrap:Email"] = "owner@example.org",
            ["Bootstrap:Password"] = Password,
            ["Bootstrap:ApiToken"] = Token,
            ["Bootstrap:SampleRun"] = "false",
            ["Devices:cpu:Slots"] = "200",
            ["Devices:cuda:0:Slots"] = "1",
            ["Runs:BackoffSeconds"] = "0.05",
            ["Runs:StopGraceSeconds"] = "1",
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        _factory = new Factory(all, time);
        _factory.UseKestrel(0);
        _factory.StartServer();
        Http = Client(Token);
    }

    public const string Token = "fp_test_token_of_the_owner";
    public const string Password = "correct horse battery";

    public TemporaryFolder Folder { get; }

    /// <summary>As the owner.</summary>
    public HttpClient Http { get; }

    public IServiceProvider Services => _factory.Services;

    public Uri Address => new(Services.GetRequiredService<FedPlatform.Web.Scheduling.ServerAddress>().Local);

    public StorageLayout Layout => Services.GetRequiredService<StorageLayout>();

    public HttpClient Client(string? token)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return client;
    }

    public async Task<T> Query<T>(Func<PlatformContext, Task<T>> query)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PlatformContext>>().CreateDbContextAsync();
        return await query(db);
    }

    /// <summary>Another team with one person, and that person's token.</summary>
    public async Task<(HttpClient Http, Guid TeamId, string Token)> NewTeam(TeamRole role = TeamRole.Owner)
    {
        var token = Secrets.New("fp");
        var email = $"person{Interlocked.Increment(ref _emails)}@example.org";
        var team = Guid.NewGuid();
        await Services.GetRequiredService<DatabaseWriter>().Write(
            scope =>
            {
                var user = new User { Id = Guid.NewGuid(), UserName = email, NormalizedUserName = email.ToUpperInvariant(), Email = email, DisplayName = email };
                scope.Db.Users.Add(user);
                scope.Db.Teams.Add(new Team { Id = team, Name = email });
                scope.Db.Memberships.Add(new Membership { UserId = user.Id, TeamId = team, Role = (int)role });
                TokenService.Add(scope, user.Id, team, "test", token, null);
                return Task.CompletedTask;
            },
            CancellationToken.None);
        return (Client(token), team, token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _factory.DisposeAsync();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class Factory(Dictionary<string, string?> settings, TimeProvider? time) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            if (time is not null)
            {
                builder.ConfigureTestServices(services => services.AddSingleton(time));
            }
        }
    }
}

/// <summary>A folder that goes with the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("fedplatform-test-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just ending may still write there: the system cleans its temporary folder.
        }
    }
}

public static class Waiting
{
    /// <summary>Asks again until the answer will do; fails with the last answer when time is up.</summary>
    public static async Task<T> Until<T>(Func<Task<T>> ask, Func<T, bool> enough, int seconds = 20)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (enough(answer))
            {
                return answer;
            }

            Assert.True(watch.Elapsed.TotalSeconds < seconds, $"Still {JsonSerializer.Serialize(answer, ContractJson.Options)} after {seconds} s.");
            await Task.Delay(30);
        }
    }
}

public static class ApiClient
{
    /// <summary>A run that a machine without patience can train.</summary>
    public static string Spec(string name = "Test", int rounds = 3, string device = "cpu", string more = "") => $$"""
        { "name": "{{name}}", "dataset": "digits", "longTail": { "imbalanceFactor": 20 }, "model": "cnn",
          "partition": { "alpha": 0.5, "clients": 4 },
          "algorithm": { "name": "fedavg", "localEpochs": 1, "batchSize": 16 },
          "participation": 0.5, "rounds": {{rounds}}, "device": "{{device}}"{{more}} }
        """;

    public static async Task<Guid> CreateRun(this HttpClient http, string spec)
    {
        using var response = await http.PostAsync("/api/v1/runs", new StringContent(spec, System.Text.Encoding.UTF8, "application/json"));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    public static Task<JsonElement> Json(this HttpClient http, string path) => http.GetFromJsonAsync<JsonElement>(path);

    public static Task<JsonElement> Run(this HttpClient http, Guid id) => http.Json($"/api/v1/runs/{id}");

    public static async Task<string> State(this HttpClient http, Guid id) => (await http.Run(id)).GetProperty("state").GetString()!;

    /// <summary>The run once it is in one of these states; fails with its reason when it is not in time.</summary>
    public static Task<JsonElement> InState(this HttpClient http, Guid id, string state, int seconds = 20) =>
        Waiting.Until(() => http.Run(id), run => run.GetProperty("state").GetString() == state, seconds);
}
