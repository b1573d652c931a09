using System.Runtime.InteropServices;
using FedPlatform.Agent.Running;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts.Agents;

namespace FedPlatform.Agent.Commands;

/// <summary>Ctrl+C and SIGTERM ask for a clean stop; the second one is not caught and kills the process.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals(RunOrders orders, Screen screen)
    {
        void Handle(PosixSignalContext context)
        {
            if (!orders.Give(RunOrder.Stop)) return;
            context.Cancel = true;
            // The handler's thread must not wait for the screen.
            ThreadPool.QueueUserWorkItem(_ => screen.Line("Stopping; the committed rounds are kept. Press Ctrl+C again to kill."));
        }

        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }
}
