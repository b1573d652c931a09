using System.CommandLine;
namespace FedPlatform.Agent.Commands;
internal static class DoctorCommand { public static Command Create() => new("doctor", "x"); }
