using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FedPlatform.Web.Scheduling;

/// <summary>Where this server listens, known once it does.</summary>
public sealed class ServerAddress(IServer server)
{
    /// <summary>An address that works on this machine; http before https, because a child does not know our certificate.</summary>
    public string Local
    {
        get
        {
            var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
            var chosen = addresses.FirstOrDefault(a => a.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) ?? addresses.FirstOrDefault() ?? "http://localhost";
            var address = BindingAddress.Parse(chosen);
            var host = address.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : address.Host;
            return $"{address.Scheme}://{host}:{address.Port}";
        }
    }
}
