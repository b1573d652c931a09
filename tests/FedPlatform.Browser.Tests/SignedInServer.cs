using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;

namespace FedPlatform.Browser.Tests;

/// <summary>A server with an owner from its configuration, a client for its API and a way to sign a browser in.</summary>
internal sealed class SignedInServer : IAsyncDisposable
{
    private const string Email = "owner@lab.org", Password = "correct horse 7 Battery";

    public const string Token = "browser-test-token";

    private SignedInServer(PlatformServer server)
    {
        Server = server;
        Api = new HttpClient { BaseAddress = new Uri(server.Address, "/api/v1/") };
        Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public PlatformServer Server { get; }

    public HttpClient Api { get; }

    public static async Task<SignedInServer> Start() => new(await PlatformServer.Start(new Dictionary<string, string>
    {
        ["Bootstrap__Email"] = Email,
        ["Bootstrap__Password"] = Password,
        ["Bootstrap__ApiToken"] = Token,
        ["Bootstrap__SampleRun"] = "false",
    }));

    /// <summary>Queues FedLoGe on Digits with these rounds and gives its id.</summary>
    public async Task<string> Queue(string name, int rounds, int localEpochs = 1)
    {
        var spec = new
        {
            name,
            dataset = "digits",
            longTail = new { imbalanceFactor = 20 },
            partition = new { kind = "dirichlet", alpha = 0.5, clients = 10 },
            model = "resnet8",
            algorithm = new { name = "fedloge", localEpochs, batchSize = 16, classifierSteps = 200 },
            rounds,
        };
        using var response = await Api.PostAsJsonAsync("runs", spec);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    /// <summary>Returns when the run is finished; any other end is an error with its reason.</summary>
    public async Task Finished(string id)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (true)
        {
            var run = await Api.GetFromJsonAsync<JsonElement>($"runs/{id}", patience.Token);
            switch (run.GetProperty("state").GetString())
            {
                case "Finished": return;
                case "Failed" or "Stopped": throw new InvalidOperationException(run.GetProperty("reason").GetString());
            }

            await Task.Delay(200, patience.Token);
        }
    }

    public async Task SignIn(IPage page)
    {
        await page.GotoAsync(new Uri(Server.Address, "/sign-in").ToString());
        await page.GetByLabel("E-mail").FillAsync(Email);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.Locator("h1").First.WaitForAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await Server.DisposeAsync();
    }
}
