using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Attached;

/// <summary>
/// The requests of a run's process to the web host. Everything but a heartbeat is repeated on connection errors and server
/// errors for as long as the lease may be valid: the host accepts a request that it has carried out before.
/// </summary>
public sealed partial class LeaseClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly AttachedOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _renewed;

    public LeaseClient(AttachedOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _renewed = time.GetTimestamp();
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), AllowAutoRedirect = false })
        {
            BaseAddress = options.Server,
            Timeout = options.RequestTimeout,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
        _http.DefaultRequestHeaders.Add(AgentProtocol.EpochHeader, options.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>True when no renewal has been answered for the lifetime of a lease.</summary>
    public bool HasRunOut => _time.GetElapsedTime(Interlocked.Read(ref _renewed)) > _options.LeaseLifetime;

    public async Task<RunAssignment> Assignment(CancellationToken cancellationToken) =>
        await Send<RunAssignment>(HttpMethod.Get, AgentProtocol.AssignmentPath(_options.Run), null, cancellationToken)
            ?? throw new RunFailedException("The server's assignment was empty.");

    /// <summary>One heartbeat, sent once.</summary>
    /// <exception cref="FencedException">The host says so.</exception>
    /// <exception cref="HttpRequestException">It could not be reached or had a fault of its own.</exception>
    public async Task<LeaseAnswer> Renew(LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        LeaseAnswer answer;
        try
        {
            using HttpResponseMessage response = await _http.PostAsJsonAsync(AgentProtocol.LeasePath(_options.Run), renewal, ContractJson.Options, cancellationToken);
            if (IsFenced(response.StatusCode)) throw new FencedException(await Explain(response, cancellationToken));
            response.EnsureSuccessStatusCode();
            answer = await Body<LeaseAnswer>(response, cancellationToken) ?? throw new HttpRequestException("The server's answer was empty.");
        }
        catch (TaskCanceledException timeout) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException("No answer in time.", timeout);
        }
        catch (JsonException damaged)
        {
            throw new HttpRequestException("The server's answer cannot be read.", damaged);
        }

        if (answer.Held) Renewed();
        return answer;
    }

    public Task Partition(PartitionReport report, CancellationToken cancellationToken) =>
        Send<object>(HttpMethod.Post, AgentProtocol.PartitionPath(_options.Run), report, cancellationToken);

    /// <summary>Returns when the round counts.</summary>
    public Task Commit(RoundCommit commit, CancellationToken cancellationToken) =>
        Send<object>(HttpMethod.Post, AgentProtocol.CommitPath(_options.Run), commit, cancellationToken);

    public Task End(RunEnd end, CancellationToken cancellationToken) =>
        Send<object>(HttpMethod.Post, AgentProtocol.EndPath(_options.Run), end, cancellationToken);

    public void Dispose() => _http.Dispose();

    private void Renewed() => Interlocked.Exchange(ref _renewed, _time.GetTimestamp());

    private async Task<T?> Send<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken) where T : class
    {
        byte[]? content = body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), ContractJson.Options);
        TimeSpan pause = _options.FirstPause;
        while (true)
        {
            string trouble;
            try
            {
                using var request = new HttpRequestMessage(method, path);
                if (content is not null)
                {
                    request.Content = new ByteArrayContent(content);
                    request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                }

                using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
                if (response.IsSuccessStatusCode) return typeof(T) == typeof(object) ? null : await Body<T>(response, cancellationToken);
                trouble = await Explain(response, cancellationToken);
                if (IsFenced(response.StatusCode)) throw new FencedException(trouble);
                if (response.StatusCode == HttpStatusCode.InsufficientStorage) throw new ServerDiskFullException(trouble);
                if (!IsPassing(response.StatusCode)) throw new RunFailedException($"The server refused {method} {path}: {trouble}");
            }
            catch (Exception error) when (error is HttpRequestException or IOException or JsonException && error is not ServerDiskFullException
                || (error is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                trouble = error is TaskCanceledException ? "no answer in time" : error.Message;
            }

            if (HasRunOut) throw new FencedException($"The server did not answer for {_options.LeaseLifetime.TotalSeconds:0.#} s, so the lease has run out: {trouble}");
            LogRepeating(method, path, trouble);
            await Task.Delay(pause, _time, cancellationToken);
            pause = pause * 2 < _options.LongestPause ? pause * 2 : _options.LongestPause;
        }
    }

    // 401: the token went with the lease. 404: the run has been deleted.
    private static bool IsFenced(HttpStatusCode status) =>
        status is HttpStatusCode.Conflict or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone;

    private static bool IsPassing(HttpStatusCode status) =>
        (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;

    private static async Task<string> Explain(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            using JsonDocument problem = JsonDocument.Parse(text);
            foreach (string name in (ReadOnlySpan<string>)["detail", "title"])
            {
                if (problem.RootElement.ValueKind == JsonValueKind.Object && problem.RootElement.TryGetProperty(name, out JsonElement value)
                    && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } said)
                {
                    return $"{(int)response.StatusCode} {said}";
                }
            }
        }
        catch (JsonException)
        {
            // Not a ProblemDetails: the status has to do.
        }

        return $"{(int)response.StatusCode} {response.ReasonPhrase}";
    }

    private static async Task<T?> Body<T>(HttpResponseMessage response, CancellationToken cancellationToken) =>
        await response.Content.ReadFromJsonAsync<T>(ContractJson.Options, cancellationToken);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Path} again: {Trouble}")]
    private partial void LogRepeating(HttpMethod method, string path, string trouble);
}

/// <summary>The web host has no room for the commit: treated as a full disk of our own.</summary>
public sealed class ServerDiskFullException(string message) : IOException(message, unchecked((int)0x80070070));
