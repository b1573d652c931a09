using System.Globalization;
using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Attached;

/// <summary>
/// Log lines and progress to the web host, orders back, by SignalR. Nothing here can hold up or end a run: while the hub is
/// away, lines wait in a bounded queue (the oldest go first, and are counted) and of the progress only the newest counts.
/// </summary>
public sealed partial class EventUplink : IAsyncDisposable
{
    private const int MaxWaiting = 5_000, MaxBatch = 500;

    private readonly AttachedOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HubConnection _connection;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Queue<LogLine> _waiting = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private RoundProgress? _progress;
    private long _dropped;
    private Task _loops = Task.CompletedTask;

    public EventUplink(AttachedOptions options, RunOrders orders, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        var address = new Uri(options.Server, $"{AgentProtocol.HubPath}?run={options.Run}");
        _connection = new HubConnectionBuilder()
            .WithUrl(address, http =>
            {
                http.AccessTokenProvider = () => Task.FromResult<string?>(options.Token);
                http.Headers[AgentProtocol.EpochHeader] = options.Epoch.ToString(CultureInfo.InvariantCulture);
            })
            .AddMessagePackProtocol()
            .Build();
        _connection.On<RunOrder>(nameof(IAgentClient.Order), order =>
        {
            if (orders.Give(order)) LogOrder(order);
        });
    }

    public void Start() => _loops = Task.WhenAll(StayConnected(), SendLog(), SendProgress());

    public void Log(LogLine line)
    {
        lock (_gate)
        {
            if (_waiting.Count == MaxWaiting)
            {
                _waiting.Dequeue();
                _dropped++;
            }

            _waiting.Enqueue(line);
        }
    }

    public void Progress(RoundProgress progress) => Volatile.Write(ref _progress, progress);

    /// <summary>Sends what waits, for as long as <paramref name="limit"/> at the most.</summary>
    public async Task Flush(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit, _time);
        try
        {
            while (_connection.State != HubConnectionState.Connected) await Task.Delay(TimeSpan.FromMilliseconds(20), _time, late.Token);
            while (await SendBatch(late.Token))
            {
            }
        }
        catch (Exception lost) when (lost is not OutOfMemoryException)
        {
            LogUnsent(lost.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loops;
        await _connection.DisposeAsync();
        _stopping.Dispose();
        _sending.Dispose();
    }

    // The client's automatic reconnect gives up after four tries and does not cover the first connection.
    private async Task StayConnected()
    {
        TimeSpan pause = _options.FirstPause;
        while (!_stopping.IsCancellationRequested)
        {
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task OnClosed(Exception? _)
            {
                closed.TrySetResult();
                return Task.CompletedTask;
            }

            _connection.Closed += OnClosed;
            try
            {
                await _connection.StartAsync(_stopping.Token);
                pause = _options.FirstPause;
                await closed.Task.WaitAsync(_stopping.Token);
                LogLost();
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogConnect(error.Message);
            }
            finally
            {
                _connection.Closed -= OnClosed;
            }

            if (!await Pause(pause)) return;
            pause = pause * 2 < _options.LongestPause ? pause * 2 : _options.LongestPause;
        }
    }

    private async Task SendLog()
    {
        while (await Pause(_options.LogPause))
        {
            try
            {
                while (_connection.State == HubConnectionState.Connected && await SendBatch(_stopping.Token))
                {
                }
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                LogConnect(error.Message);
            }
        }
    }

    private async Task SendProgress()
    {
        while (await Pause(_options.ProgressPause))
        {
            if (_connection.State != HubConnectionState.Connected || Interlocked.Exchange(ref _progress, null) is not { } newest) continue;
            try
            {
                await _connection.SendAsync(nameof(IAgentHub.Progress), _options.Epoch, newest, _stopping.Token);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                LogConnect(error.Message);
            }
        }
    }

    /// <summary>False when nothing waited. Lines leave the queue only after the hub has answered.</summary>
    private async Task<bool> SendBatch(CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            List<LogLine> batch;
            long dropped;
            lock (_gate)
            {
                batch = [.. _waiting.Take(MaxBatch)];
                dropped = _dropped;
            }

            if (batch.Count == 0) return false;
            LogLine first = batch[0];
            List<LogLine> lines = dropped == 0 ? batch : [new LogLine { At = first.At, Level = "warning", Text = $"{dropped} log lines were dropped while the server was away" }, .. batch];
            await _connection.InvokeAsync(nameof(IAgentHub.Log), _options.Epoch, lines, cancellationToken);
            lock (_gate)
            {
                // Lines that overflowed meanwhile were the oldest, the very ones that have been sent.
                long overflowed = Math.Min(_dropped - dropped, batch.Count);
                _dropped -= dropped + overflowed;
                for (int i = 0; i < batch.Count - overflowed; i++) _waiting.Dequeue();
                return _waiting.Count > 0;
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task<bool> Pause(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _stopping.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The server's order: {Order}")]
    private partial void LogOrder(RunOrder order);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The live connection was lost; the run goes on")]
    private partial void LogLost();

    [LoggerMessage(Level = LogLevel.Debug, Message = "Live connection: {Reason}")]
    private partial void LogConnect(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last log lines were not sent: {Reason}")]
    private partial void LogUnsent(string reason);
}
