using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Agents;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Attached;

/// <summary>Renews the lease on its own clock, however long a round takes; orders come back with the answers.</summary>
public sealed partial class Heartbeat(LeaseClient client, AttachedOptions options, RunOrders orders, Func<int> round, TimeProvider time, ILogger logger)
{
    /// <summary>Until cancelled, or until the lease is lost.</summary>
    public async Task Run(CancellationToken cancellationToken)
    {
        TimeSpan usual = TimeSpan.FromSeconds(15);
        while (true)
        {
            TimeSpan pause;
            try
            {
                LeaseAnswer answer = await client.Renew(
                    new LeaseRenewal { Epoch = options.Epoch, Round = round(), MemoryBytes = Environment.WorkingSet }, cancellationToken);
                if (!answer.Held)
                {
                    orders.FenceOff("Another process holds the run.");
                    return;
                }

                if (orders.Give(answer.Order)) LogOrder(answer.Order);
                if (answer.HeartbeatSeconds > 0) usual = TimeSpan.FromSeconds(answer.HeartbeatSeconds);
                pause = usual;
            }
            catch (FencedException fenced)
            {
                orders.FenceOff(fenced.Message);
                return;
            }
            catch (HttpRequestException trouble)
            {
                if (client.HasRunOut)
                {
                    orders.FenceOff($"The lease could not be renewed for {options.LeaseLifetime.TotalSeconds:0.#} s.");
                    return;
                }

                LogTrouble(trouble.Message);
                pause = usual < options.LongestPause ? usual : options.LongestPause;
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The server's order: {Order}")]
    private partial void LogOrder(RunOrder order);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease could not be renewed, trying again: {Reason}")]
    private partial void LogTrouble(string reason);
}
