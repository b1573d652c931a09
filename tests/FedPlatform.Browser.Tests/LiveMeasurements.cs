using System.Globalization;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Live;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Browser.Tests;

/// <summary>
/// What docs/performance.md says of the web host. Prints, judges nothing: run it alone on a quiet machine,
/// <c>dotnet test tests/FedPlatform.Browser.Tests --filter FullyQualifiedName~LiveMeasurements --logger "console;verbosity=detailed" -- xUnit.Explicit=only</c>.
/// </summary>
public sealed class LiveMeasurements(ITestOutputHelper output)
{
    private const int Tabs = 10;

    // Notes when the header first shows each round, by the same clock as the server's.
    private const string Watch = """
        window.seen = {};
        new MutationObserver(() => {
          const text = document.querySelector('.run-head .progress b')?.textContent;
          if (text && !(text in window.seen)) window.seen[text] = Date.now();
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
        """;

    [Fact(Explicit = true)]
    public async Task Commit_to_browser_and_memory_with_a_run_open_in_ten_tabs()
    {
        Assert.SkipWhen(Chromium.Path is null, Chromium.Missing);
        await using var host = await SignedInServer.Start();
        await using var chromium = await Chromium.Launch();
        await using var profile = await chromium.NewProfile();
        var first = await profile.NewPageAsync();
        await host.SignIn(first);
        string run = await host.Queue("Measured", rounds: 60, localEpochs: 10);
        var pages = new List<Microsoft.Playwright.IPage>();
        for (int tab = 0; tab < Tabs; tab++)
        {
            var page = await profile.NewPageAsync();
            await page.GotoAsync(new Uri(host.Server.Address, $"/runs/{run}").ToString());
            await page.Locator(".run-head").WaitForAsync();
            await page.EvaluateAsync(Watch);
            pages.Add(page);
        }

        long memory = 0;
        Task finished = host.Finished(run);
        while (!finished.IsCompleted)
        {
            memory = Math.Max(memory, Resident(host.Server.ProcessId));
            await Task.WhenAny(finished, Task.Delay(250));
        }

        await finished;
        await Task.Delay(1000);
        var committed = await Commits(host, run);
        var delays = new List<double>();
        foreach (var page in pages)
        {
            using var seen = JsonDocument.Parse(await page.EvaluateAsync<string>("JSON.stringify(window.seen)"));
            foreach (var entry in seen.RootElement.EnumerateObject())
            {
                if (committed.TryGetValue(int.Parse(entry.Name, CultureInfo.InvariantCulture), out var at)) delays.Add(entry.Value.GetDouble() - at.ToUnixTimeMilliseconds());
            }
        }

        delays.Sort();
        output.WriteLine($"commit to browser, {Tabs} tabs, {delays.Count} sightings: median {At(delays, .5):0} ms, p95 {At(delays, .95):0} ms, worst {delays[^1]:0} ms");
        output.WriteLine($"web process, run open in {Tabs} tabs: {memory / 1048576.0:0} MiB at most");
        Assert.True(delays.Count > Tabs, "The tabs saw no rounds.");
    }

    private static double At(List<double> sorted, double quantile) => sorted[(int)Math.Min(sorted.Count - 1, quantile * sorted.Count)];

    private static long Resident(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>When each round was committed, from the hub for programs.</summary>
    private static async Task<Dictionary<int, DateTimeOffset>> Commits(SignedInServer host, string run)
    {
        await using var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(host.Server.Address, "/hubs/runs"), options => options.AccessTokenProvider = () => Task.FromResult<string?>(SignedInServer.Token))
            .AddJsonProtocol(options => ContractJson.Configure(options.PayloadSerializerOptions))
            .Build();
        await hub.StartAsync();
        var commits = new Dictionary<int, DateTimeOffset>();
        await foreach (var e in hub.StreamAsync<RunEvent>(nameof(IRunHub.Subscribe), Guid.Parse(run), 0L))
        {
            if (e.Round is { } round) commits[round.Round] = e.At;
            if (e.State?.State is Contracts.Runs.RunState.Finished) break;
        }

        return commits;
    }
}
